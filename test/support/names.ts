/** A documented name as the main face has it: SSLCertStore is sslCertStore, EOM is eom. */
export function camel(name: string): string {
  return name.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (start) => start.toLowerCase());
}
