// The tests of wss:// once more, with records that are OpenSSL's.

import './support/openssl_records.js';
import './tls.test.js';
import './tls_peers.test.js';
import './tls_record_faults.test.js';
