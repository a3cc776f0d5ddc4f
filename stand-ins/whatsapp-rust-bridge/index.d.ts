/** @returns 16 bytes */
export declare const md5: (data: Uint8Array) => Uint8Array;

/** HKDF with SHA-256 (RFC 5869). @param length in bytes @throws RangeError above 8160 */
export declare const hkdf: (
  secret: Uint8Array,
  length: number,
  how: { salt?: Uint8Array | undefined; info?: string | undefined },
) => Uint8Array;

/** The five keys of 32 bytes that an app state key stands for. */
export declare const expandAppStateKeys: (
  keyData: Uint8Array,
) => Record<'indexKey' | 'valueEncryptionKey' | 'valueMacKey' | 'snapshotMacKey' | 'patchMacKey', Uint8Array>;

/** A sum of 128 bytes over what an app state has in it, whatever the order (LtHash). */
export declare class LTHashAntiTampering {
  /** @param base is left as it is @param subtract MACs of what goes @param add and of what comes */
  subtractThenAdd(base: Uint8Array, subtract: Uint8Array[], add: Uint8Array[]): Uint8Array;
}
