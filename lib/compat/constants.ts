// SPDX-License-Identifier: MIT
// The documented constants, as the JavaScript edition and the C++ edition name them.

import { Opcode } from '../boundary/outbox.js';
import { CertStoreType } from '../certificates/store_type.js';

/** The types of certificate stores, as the JavaScript edition names them. */
export const CertStoreTypes = {
  cstUser: CertStoreType.user,
  cstMachine: CertStoreType.machine,
  cstPFXFile: CertStoreType.pfxFile,
  cstPFXBlob: CertStoreType.pfxBlob,
  cstJKSFile: CertStoreType.jksFile,
  cstJKSBlob: CertStoreType.jksBlob,
  cstPEMKeyFile: CertStoreType.pemKeyFile,
  cstPEMKeyBlob: CertStoreType.pemKeyBlob,
  cstPublicKeyFile: CertStoreType.publicKeyFile,
  cstPublicKeyBlob: CertStoreType.publicKeyBlob,
  cstSSHPublicKeyBlob: CertStoreType.sshPublicKeyBlob,
  cstP7BFile: CertStoreType.p7bFile,
  cstP7BBlob: CertStoreType.p7bBlob,
  cstSSHPublicKeyFile: CertStoreType.sshPublicKeyFile,
  cstPPKFile: CertStoreType.ppkFile,
  cstPPKBlob: CertStoreType.ppkBlob,
  cstXMLFile: CertStoreType.xmlFile,
  cstXMLBlob: CertStoreType.xmlBlob,
  cstJWKFile: CertStoreType.jwkFile,
  cstJWKBlob: CertStoreType.jwkBlob,
  cstSecurityKey: CertStoreType.securityKey,
  cstBCFKSFile: CertStoreType.bcfksFile,
  cstBCFKSBlob: CertStoreType.bcfksBlob,
  cstPKCS11: CertStoreType.pkcs11,
  cstAuto: CertStoreType.auto,
} as const;

/** How to send, as the JavaScript edition names it. */
export const DataFormats = {
  dfAutomatic: 0,
  dfText: Opcode.text,
  dfBinary: Opcode.binary,
  dfPing: Opcode.ping,
  dfPong: Opcode.pong,
} as const;

// The same as the C++ edition names them.
export const CST_USER = CertStoreTypes.cstUser;
export const CST_MACHINE = CertStoreTypes.cstMachine;
export const CST_PFXFILE = CertStoreTypes.cstPFXFile;
export const CST_PFXBLOB = CertStoreTypes.cstPFXBlob;
export const CST_JKSFILE = CertStoreTypes.cstJKSFile;
export const CST_JKSBLOB = CertStoreTypes.cstJKSBlob;
export const CST_PEMKEY_FILE = CertStoreTypes.cstPEMKeyFile;
export const CST_PEMKEY_BLOB = CertStoreTypes.cstPEMKeyBlob;
export const CST_PUBLIC_KEY_FILE = CertStoreTypes.cstPublicKeyFile;
export const CST_PUBLIC_KEY_BLOB = CertStoreTypes.cstPublicKeyBlob;
export const CST_SSHPUBLIC_KEY_BLOB = CertStoreTypes.cstSSHPublicKeyBlob;
export const CST_P7BFILE = CertStoreTypes.cstP7BFile;
export const CST_P7BBLOB = CertStoreTypes.cstP7BBlob;
export const CST_SSHPUBLIC_KEY_FILE = CertStoreTypes.cstSSHPublicKeyFile;
export const CST_PPKFILE = CertStoreTypes.cstPPKFile;
export const CST_PPKBLOB = CertStoreTypes.cstPPKBlob;
export const CST_XMLFILE = CertStoreTypes.cstXMLFile;
export const CST_XMLBLOB = CertStoreTypes.cstXMLBlob;
export const CST_JWKFILE = CertStoreTypes.cstJWKFile;
export const CST_JWKBLOB = CertStoreTypes.cstJWKBlob;
export const CST_SECURITY_KEY = CertStoreTypes.cstSecurityKey;
export const CST_BCFKSFILE = CertStoreTypes.cstBCFKSFile;
export const CST_BCFKSBLOB = CertStoreTypes.cstBCFKSBlob;
export const CST_PKCS11 = CertStoreTypes.cstPKCS11;
export const CST_AUTO = CertStoreTypes.cstAuto;
export const DF_AUTOMATIC = DataFormats.dfAutomatic;
export const DF_TEXT = DataFormats.dfText;
export const DF_BINARY = DataFormats.dfBinary;
export const DF_PING = DataFormats.dfPing;
export const DF_PONG = DataFormats.dfPong;
