import tls, { type SecureContext, type SecureContextOptions } from 'node:tls';

const trusted = new Set<string>();

interface OpenContext extends SecureContext {
  readonly context: { addCACert(pem: string): void };
}

/** Makes all TLS clients of this process trust one more authority, as `NODE_EXTRA_CA_CERTS` does for a process that starts with it. */
export function trustAuthority(pem: string): void {
  if (trusted.size === 0) {
    const { createSecureContext } = tls;
    tls.createSecureContext = (options?: SecureContextOptions) => {
      const made = createSecureContext(options) as OpenContext;
      // A context with authorities of its own means those only.
      if (!options?.ca) for (const each of trusted) made.context.addCACert(each);
      return made;
    };
  }
  trusted.add(pem);
}
