/** Where a store of objects answers, and to whom. */
export interface ObjectServer {
  /** `host:port` or a URL. */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  region: string;
  useSsl: boolean;
  /** One that exists, or else one that may be made. */
  bucket: string;
  /** Ends it; its data goes with it. */
  stop: () => Promise<void>;
}

/** A server of this test's own, which can be made to fail. */
export interface OwnObjectServer extends ObjectServer {
  /** On 127.0.0.1. */
  port: number;
  /** An outage: connections are refused, the data stays. */
  stopGateway: () => Promise<void>;
  startGateway: () => Promise<void>;
  /** It still takes connections and never answers. */
  freeze: () => void;
  thaw: () => void;
}
