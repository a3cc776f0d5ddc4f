const STREAM_HEADER = Buffer.from([0x57, 0x41, 0x06, 0x03]);
const ROUTING_MARK = 'ED';
const ROUTING_HEADER_LENGTH = 7;
const LENGTH_BYTES = 3;

/** Cuts the byte stream of one connection into frames, after the header that opens it. Throws on a wrong header. */
export class FrameReader {
  #buffer: Buffer = Buffer.alloc(0);
  #opened = false;

  /** The header that the handshake authenticates. */
  static readonly header: Buffer = STREAM_HEADER;

  /** The frames completed by these bytes, in order. */
  push(bytes: Buffer): Buffer[] {
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    if (!this.#opened && !this.#readHeader()) return [];
    const frames: Buffer[] = [];
    while (this.#buffer.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#buffer.readUIntBE(0, LENGTH_BYTES);
      if (this.#buffer.length < end) break;
      frames.push(this.#buffer.subarray(LENGTH_BYTES, end));
      this.#buffer = this.#buffer.subarray(end);
    }
    return frames;
  }

  #readHeader(): boolean {
    if (this.#buffer.length < ROUTING_HEADER_LENGTH) return false;
    // Routing information, when the client kept some, comes first and is not authenticated.
    const routed = this.#buffer.toString('latin1', 0, 2) === ROUTING_MARK;
    const start = routed ? ROUTING_HEADER_LENGTH + this.#buffer.readUIntBE(4, 3) : 0;
    if (this.#buffer.length < start + STREAM_HEADER.length) return false;
    if (!this.#buffer.subarray(start, start + STREAM_HEADER.length).equals(STREAM_HEADER)) throw new Error('not a WhatsApp stream');
    this.#buffer = this.#buffer.subarray(start + STREAM_HEADER.length);
    this.#opened = true;
    return true;
  }
}

/** A frame ready for the wire: three bytes of length, then the data. */
export function frame(data: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(LENGTH_BYTES + data.length);
  framed.writeUIntBE(data.length, 0, LENGTH_BYTES);
  framed.set(data, LENGTH_BYTES);
  return framed;
}
