import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { fileBody, stagedFileOf } from '../file-body.js';
import { invalidRequest } from '../parse.js';
import { KeptFile } from '../schemas/media.js';
import { SessionPath } from '../schemas/session.js';

export const mediaEndpoints = (worker: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'post', path: '/session/:id/media', tag: 'send' },
    summary: 'Keeps a file, to be sent by its mediaKey as often as wanted.',
    params: SessionPath,
    readers: [fileBody(worker)],
    bodyForms: { '*/*': 'the file, with its Content-Type.', 'multipart/form-data': 'a form with one file.' },
    data: KeptFile,
    errors: ['SESSION_NOT_FOUND', 'STORAGE_UNAVAILABLE', 'DRAINING'],
    examples: {
      picture: {
        params: { id: 'alice' },
        data: {
          mediaKey: 'media/alice/images/5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
          mimetype: 'image/png',
          bytes: 8452,
          sha256: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
        },
      },
    },
    handle: async ({ params: { id } }, { request }) => {
      const staged = stagedFileOf(request);
      if (!staged || staged.bytes === 0) throw invalidRequest([{ path: '', message: 'the file is empty' }]);
      const { key, mimetype, bytes, sha256 } = await worker.files.keep(id, staged);
      return { mediaKey: key, mimetype, bytes, sha256 };
    },
  }),
];
