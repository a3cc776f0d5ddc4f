import type { Readable } from 'node:stream';
import type { Request } from 'express';
import { Busboy } from '@fastify/busboy';
import { AppError } from '../../shared/errors.js';
import { invalidRequest } from './parse.js';

/** What a part says of its file. */
export interface PartHeaders {
  fileName: string | undefined;
  mimetype: string | undefined;
}

export interface Form<T> {
  fields: Record<string, string>;
  /** What was made of the one file; undefined when there is none. */
  file: T | undefined;
}

const LIMITS = { fieldNameSize: 100, fieldSize: 512 * 1024, fields: 32, files: 1, parts: 33, headerPairs: 32, headerSize: 16 * 1024 };

/**
 * Reads a form with at most one file, which `take` gets while it comes.
 * @throws INVALID_REQUEST, PAYLOAD_TOO_LARGE, what `take` throws; `drop` is called for a file whose form turned out to be none
 */
export const readForm = async <T>(
  request: Request,
  take: (bytes: AsyncIterable<Buffer>, headers: PartHeaders, fields: Readonly<Record<string, string>>) => Promise<T>,
  drop: (file: T) => Promise<void>,
): Promise<Form<T>> => {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  let file: Promise<T> | undefined;
  let coming: Readable | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const form = parserFor(request);
      form.on('field', (name, value, nameCut, valueCut) => {
        if (nameCut || valueCut) reject(new AppError('PAYLOAD_TOO_LARGE', `The field ${name} of the form is too long.`));
        else if (name in fields) reject(invalidRequest([{ path: name, message: `${name} is given more than once` }]));
        else fields[name] = value;
      });
      form.on('file', (_name, bytes, fileName, _encoding, mimetype) => {
        coming = bytes;
        // Whoever takes it hears of it as well, until it has all.
        bytes.on('error', () => undefined);
        file = take(bytes, { fileName: fileName || undefined, mimetype: mimetype || undefined }, fields);
        file.catch((error: unknown) => reject(error as Error));
      });
      for (const event of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
        form.on(event, () => reject(invalidRequest([{ path: '', message: 'the form must have one file and at most 32 other fields' }])));
      }
      form.on('error', () => reject(malformed()));
      form.once('finish', resolve);
      request.once('close', () => (request.complete ? undefined : reject(malformed())));
      request.pipe(form);
    });
    return { fields, file: await file };
  } catch (error) {
    request.unpipe();
    // Its sender may read the answer only after its last byte.
    request.resume();
    coming?.destroy(malformed());
    const taken = await file?.catch(() => undefined);
    if (taken !== undefined) await drop(taken);
    throw error;
  }
};

const parserFor = (request: Request): InstanceType<typeof Busboy> => {
  try {
    return new Busboy({ headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' }, limits: LIMITS });
  } catch {
    throw malformed();
  }
};

const malformed = (): AppError => invalidRequest([{ path: '', message: 'the body is not well-formed multipart/form-data' }]);
