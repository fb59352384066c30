import { type PullOptions, RegistryClient, type RegistryError, type TransferProgress } from '@estiba/registry-client';

declare const into: PullOptions['into'];
const client = new RegistryClient({ credentials: { username: 'me', password: 'secret' }, timeouts: { connect: 1000 } });
export const command = client.pull('alpine', {
  into,
  signal: AbortSignal.timeout(1000),
  onProgress: ({ digest, done, total }: TransferProgress) => console.log(digest.length, done, total),
});
export const names: AsyncIterableIterator<string> = client.tags('alpine');
export const status = (error: RegistryError): number | undefined => error.status;

// @ts-expect-error a layout to copy into is needed
client.pull('alpine');
// @ts-expect-error a layout is more than a path
client.pull('alpine', { into: '/tmp/images' });
// @ts-expect-error tries are counted
new RegistryClient({ retries: 'often' });
