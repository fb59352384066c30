// A registry that takes a blob and gives it back.
import { createHash } from 'node:crypto';
import { Registry } from '@estiba/registry';

const registry = await Registry.start();
try {
  const digest = `sha256:${createHash('sha256').update('content').digest('hex')}`;
  const pushed = await fetch(`${registry.url}/v2/demo/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: 'content',
  });
  const pulled = await fetch(`${registry.url}/v2/demo/blobs/${digest}`);
  console.log(pushed.status, pulled.status, await pulled.text(), registry.requests.length);
} finally {
  await registry.close();
}
