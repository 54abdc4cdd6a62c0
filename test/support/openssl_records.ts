// Leaves the records of TLS 1.3 to OpenSSL in every test that follows.

import { commonSettings } from './server.js';

Object.assign(commonSettings, { SSLOwnRecords: false });
