import { expect, test } from 'vitest';
import { checkRdma } from '../../src/controllers/rdma.ts';

const check = (limits: unknown) => checkRdma(limits as { max: object } as never, '/estiba/x');

test('each device has handles, objects, or both', () => {
  const limits = { max: { mlx5_0: { hcaHandle: 2, hcaObject: 'max' }, 'rxe-1': { hcaObject: 0 } } };
  expect(check(limits)).toEqual(limits);
});

test.each<[string, unknown, string]>([
  ['a number for all devices', { max: 3 }, 'rdma.max'],
  ['no devices at all', {}, 'rdma.max'],
  ['a name that is two words', { max: { 'a b': { hcaHandle: 1 } } }, 'rdma.max'],
  ['a number for a device', { max: { mlx5_0: 3 } }, 'rdma.max.mlx5_0'],
  ['a resource of another name', { max: { mlx5_0: { hca_handle: 3 } } }, 'rdma.max.mlx5_0.hca_handle'],
  ['a negative number', { max: { mlx5_0: { hcaHandle: -1 } } }, 'rdma.max mlx5_0'],
  ['the number that stands for none', { max: { mlx5_0: { hcaHandle: 2 ** 31 - 1 } } }, 'rdma.max mlx5_0'],
])('refuses %s, and names the file', (_, limits, file) => {
  expect(() => check(limits)).toThrow(expect.objectContaining({ code: 'LIMIT_INVALID', path: '/estiba/x', file }));
});
