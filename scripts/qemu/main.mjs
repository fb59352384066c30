// `npm run test:qemu [-- arguments of vitest]`: the kernel tests that name this machine, under a Linux that QEMU emulates. It
// has what User-Mode Linux lacks: two processors, cpuset, hugetlb, pressure figures, time namespaces, nftables.
import { join } from 'node:path';
import { runInGuest } from './session.mjs';
import { testCommand } from './tests.mjs';

const { ESTIBA_RESULTS: folder } = process.env;
await runInGuest(testCommand(process.argv.slice(2)), folder && { results: join(folder, 'qemu.json') });
