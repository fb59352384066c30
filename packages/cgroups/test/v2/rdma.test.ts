import { writeFileSync } from 'node:fs';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { rdmaSettings, readRdma } from '../../src/v2/rdma.ts';
import { written } from '../written.ts';

test('each device is a write of its own', () => {
  const max = { mlx5_0: { hcaHandle: 2, hcaObject: 'max' }, rxe0: { hcaObject: 0 }, idle: {} } as const;
  expect(written(rdmaSettings, { max })).toEqual([
    ['rdma.max', 'mlx5_0 hca_handle=2 hca_object=max'],
    ['rdma.max', 'rxe0 hca_object=0'],
  ]);
});

test('devices and their resources are told as numbers', async () => {
  await using files = scratch();
  writeFileSync(files.join('rdma.current'), 'mlx5_0 hca_handle=1 hca_object=20\nrxe0 hca_handle=1 hca_object=23\n');
  writeFileSync(files.join('rdma.max'), 'mlx5_0 hca_handle=2 hca_object=2000\nrxe0 hca_handle=3 hca_object=max\n');
  expect(readRdma(files.join('.'))).toEqual({
    current: { mlx5_0: { hcaHandle: 1, hcaObject: 20 }, rxe0: { hcaHandle: 1, hcaObject: 23 } },
    max: { mlx5_0: { hcaHandle: 2, hcaObject: 2000 }, rxe0: { hcaHandle: 3, hcaObject: Number.POSITIVE_INFINITY } },
  });
});

test('what is counted since Linux 7.2 is told, too', async () => {
  await using files = scratch();
  const events = 'mlx4_0 hca_handle.max=5 hca_handle.alloc_fail=3 hca_object.max=0 hca_object.alloc_fail=0\n';
  const local = 'mlx4_0 hca_handle.max=0 hca_handle.alloc_fail=3 hca_object.max=0 hca_object.alloc_fail=0\n';
  for (const file of ['rdma.current', 'rdma.max']) writeFileSync(files.join(file), '');
  writeFileSync(files.join('rdma.peak'), 'mlx4_0 hca_handle=1 hca_object=20\n');
  writeFileSync(files.join('rdma.events'), events);
  writeFileSync(files.join('rdma.events.local'), local);
  const hcaObject = { max: 0, allocFail: 0 };
  expect(readRdma(files.join('.'))).toEqual({
    current: {},
    peak: { mlx4_0: { hcaHandle: 1, hcaObject: 20 } },
    max: {},
    events: { mlx4_0: { hcaHandle: { max: 5, allocFail: 3 }, hcaObject } },
    localEvents: { mlx4_0: { hcaHandle: { max: 0, allocFail: 3 }, hcaObject } },
  });
});

test('a machine without devices has empty files', async () => {
  await using files = scratch();
  for (const file of ['rdma.current', 'rdma.max']) writeFileSync(files.join(file), '');
  expect(readRdma(files.join('.'))).toEqual({ current: {}, max: {} });
});
