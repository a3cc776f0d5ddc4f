// Why no answer came, for a person. The address is not named: these sentences are shown to everyone who asks for the worker's health.

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at the address in BACKEND_URL',
  ENOTFOUND: 'the host name in BACKEND_URL is not known',
  EAI_AGAIN: 'the host name in BACKEND_URL could not be looked up',
  EHOSTUNREACH: 'there is no way to the address in BACKEND_URL',
  ENETUNREACH: 'there is no way to the address in BACKEND_URL',
  EADDRNOTAVAIL: 'there is no way to the address in BACKEND_URL',
  ECONNRESET: 'the backend closed the connection before it had answered',
  EPIPE: 'the backend closed the connection before it had answered',
  ECONNABORTED: 'the backend closed the connection before it had answered',
  ERR_HTTP_CONTENT_LENGTH_MISMATCH: 'the backend closed the connection before it had answered',
  EMFILE: 'this worker has too many files and connections open',
  ENFILE: 'this machine has too many files and connections open',
  EPROTO: 'TLS with the backend failed; is the scheme in BACKEND_URL right?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the backend does not speak TLS; is the scheme in BACKEND_URL right?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the backend does not speak TLS; is the scheme in BACKEND_URL right?',
  CERT_HAS_EXPIRED: "the backend's certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "the backend's certificate is for another name than the one in BACKEND_URL",
};

const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
]);

/** Completes "The backend cannot be reached: …". */
export const failureSentence = (error: unknown): string => {
  const code = codeOf(error);
  if (code === undefined) return 'the call failed';
  if (UNTRUSTED.has(code)) return "the backend's certificate is not trusted here; NODE_EXTRA_CA_CERTS adds an authority of your own";
  if (code.startsWith('HPE_')) return 'what answers does not speak HTTP; is BACKEND_URL right?';
  if (code.startsWith('Z_') || code.startsWith('ERR_BROTLI')) return 'the backend sent a compressed answer that cannot be read';
  return SENTENCES[code] ?? `the call failed (${code})`;
};

/** The machine code of an error, or that of its cause. */
const codeOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  // got names an error without a code of its own this way.
  if ('code' in error && typeof error.code === 'string' && error.code !== 'ERR_GOT_REQUEST_ERROR') return error.code;
  return codeOf(error.cause);
};
