import { requires, unprivileged } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { type Diagnosis, doctor } from '../src/index.ts';
import { namespaceKinds } from '../src/kinds.ts';
import { kindsHere } from './kinds-here.ts';

requires({ on: ['host', 'uml'], root: true })('the doctor', () => {
  it('finds that root may create all kinds that the kernel has', async () => {
    const { namespaces } = await doctor();
    expect(namespaces).toEqual(diagnoses(() => 'yes'));
  });
});

requires({ on: ['host', 'uml'], userNamespaces: true })('the doctor of an ordinary user', () => {
  it('finds that a user namespace is needed for the others', async () => {
    const { stdout, stderr } = await unprivileged([
      'node',
      '--conditions=estiba-source',
      'packages/namespaces/test/fixtures/doctor.ts',
    ]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout).namespaces).toEqual(
      diagnoses((kind) => (kind === 'user' ? 'yes' : 'with-user-namespace')),
    );
  });
});

function diagnoses(available: (kind: string) => Diagnosis['available']): Diagnosis[] {
  return namespaceKinds.map((kind) =>
    kindsHere.includes(kind)
      ? { kind, available: available(kind) }
      : { kind, available: 'no', reason: 'this kernel was built without it' },
  );
}
