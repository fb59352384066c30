import { requires, unprivileged } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { doctor } from '../src/index.ts';
import { namespaceKinds } from '../src/kinds.ts';

requires({ root: true })('the doctor', () => {
  it('finds that root may create all kinds', async () => {
    const { namespaces } = await doctor();
    expect(namespaces).toEqual(namespaceKinds.map((kind) => ({ kind, available: 'yes' })));
  });
});

requires({ root: true, userNamespaces: true })('the doctor of an ordinary user', () => {
  it('finds that a user namespace is needed for the others', async () => {
    const { stdout, stderr } = await unprivileged([
      'node',
      '--conditions=estiba-source',
      'packages/namespaces/test/fixtures/doctor.ts',
    ]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout).namespaces).toEqual(
      namespaceKinds.map((kind) => ({ kind, available: kind === 'user' ? 'yes' : 'with-user-namespace' })),
    );
  });
});
