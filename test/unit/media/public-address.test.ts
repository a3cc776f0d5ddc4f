import { expect, it } from 'vitest';
import { parseFetchAllowance, allowedAddresses } from '../../../supervisor/media/fetch-allowance.js';
import { isPublicAddress, plainAddress } from '../../../supervisor/media/public-address.js';

it.each([
  '1.1.1.1',
  '8.8.8.8',
  '99.255.255.255',
  '100.128.0.1',
  '172.32.0.1',
  '198.20.0.1',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00::1',
])('%s is public', (address) => {
  expect(isPublicAddress(plainAddress(address))).toBe(true);
});

it.each([
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254', '168.63.129.16', '169.254.169.254'],
  ...[
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
  ],
  ...['224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1'],
  ...['64:ff9b::7f00:1', '64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', 'fc00::1', 'fd00:ec2::254'],
  ...['fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', 'localhost', '', '1.2.3'],
])('%s is not', (address) => {
  expect(isPublicAddress(plainAddress(address))).toBe(false);
});

it('reads what an operator allows: names, addresses and blocks', () => {
  const allowance = parseFetchAllowance('files.intern, 10.0.0.0/8,fd00::/8 ,192.168.1.7,Media.Example.COM.');
  expect(allowance?.hosts).toEqual(new Set(['files.intern', 'media.example.com']));
  const isAllowed = allowedAddresses(allowance ?? expect.unreachable());
  expect(['10.9.8.7', '::ffff:10.9.8.7', '192.168.1.7', 'fd12::1'].filter(isAllowed)).toHaveLength(4);
  expect(['11.0.0.1', '192.168.1.8', 'fe80::1', 'files.intern'].filter(isAllowed)).toEqual([]);
});

it.each(['10.0.0.0/33', '10.0.0/8', 'http://files.intern', 'a b', 'files.intern:8080', '*.intern', '1.2.3', 'fd00::/129', '10.0.0.1/'])(
  'does not read %s',
  (text) => {
    expect(parseFetchAllowance(text)).toBeUndefined();
  },
);
