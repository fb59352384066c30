import { fileURLToPath } from 'node:url';

/** The folder of the whole project: this file lies in packages/testkit/src, or built in packages/testkit/dist. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
