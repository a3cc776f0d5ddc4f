import { expect, it } from 'vitest';
import { parseEndpoint } from '../../../shared/object-store/s3-endpoint.js';

it.each([
  ['minio', false, 'minio', 9000, false],
  ['minio', true, 'minio', 9000, true],
  ['minio:9100', false, 'minio', 9100, false],
  ['Minio.Example.com:443', true, 'minio.example.com', 443, true],
  ['10.0.0.5', false, '10.0.0.5', 9000, false],
  ['[::1]:9000', false, '::1', 9000, false],
  ['[fe80::1]', false, 'fe80::1', 9000, false],
  ['http://minio', true, 'minio', 80, false],
  ['https://minio', false, 'minio', 443, true],
  ['https://minio:9000', false, 'minio', 9000, true],
  ['HTTPS://minio/', false, 'minio', 443, true],
  [' http://127.0.0.1:9000/ ', true, '127.0.0.1', 9000, false],
  ['http://[::1]:9000', true, '::1', 9000, false],
  ['s3.amazonaws.com', true, 's3.amazonaws.com', 443, true],
  ['s3.eu-central-1.amazonaws.com', false, 's3.eu-central-1.amazonaws.com', 80, false],
  ['s3.cn-north-1.amazonaws.com.cn', true, 's3.cn-north-1.amazonaws.com.cn', 443, true],
  ['amazonaws.com.example.org', true, 'amazonaws.com.example.org', 9000, true],
])('reads %j with MINIO_USE_SSL=%s', (text, ssl, host, port, useSsl) => {
  expect(parseEndpoint(text, ssl)).toEqual({ host, port, useSsl });
});

it.each([
  '',
  ' ',
  'http://',
  'minio:',
  'minio:0',
  'minio:65536',
  'minio:port',
  'a b',
  'minio/path',
  'minio/',
  'http://minio/path',
  'http://minio?x=1',
  'http://user:pass@minio',
  'ftp://minio',
  '::1',
  '[minio]',
  '[::1',
  '-minio',
])('takes %j for no endpoint', (text) => {
  expect(parseEndpoint(text, false)).toBeUndefined();
});
