// The tests of wss:// once more, with records that are OpenSSL's.

import '../support/openssl_records.js';
import './wss.test.js';
import './peers.test.js';
import './record_faults.test.js';
