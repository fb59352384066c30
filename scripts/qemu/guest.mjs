// Boot the guest, show what its command writes, and tell how it ended.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { follow } from './follow.mjs';
import { makeInitramfs } from './initramfs.mjs';
import { start } from './program.mjs';
import { startShare } from './share.mjs';

const memory = '2G';
const minutes = 16;

/** The exit status of the command. However this ends, its programs have ended before. */
export async function runGuest(command, { work, kernel, signal }) {
  const limit = AbortSignal.timeout(minutes * 60_000);
  const options = { work, signal: AbortSignal.any([signal, limit]) };
  writeOrders(work, command);
  const initramfs = await makeInitramfs({ work, kernel });
  await using share = await startShare(options);
  await using qemu = start('qemu', ['qemu-system-x86_64', ...machine({ work, kernel, initramfs, share })], options);
  await Promise.all(['stdout', 'stderr'].map((name) => follow(join(work, name), process[name], qemu)));
  signal.throwIfAborted();
  if (limit.aborted) throw new Error(`the guest has not ended within ${minutes} minutes\n${logs(work)}`);
  return statusOf(work);
}

function writeOrders(work, command) {
  const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
  const terminated = (texts) => texts.map((text) => `${text}\0`).join('');
  writeFileSync(join(work, 'command'), terminated(command));
  writeFileSync(join(work, 'environment'), terminated(environment));
}

// https://www.qemu.org/docs/master/system/invocation.html
function machine({ work, kernel, initramfs, share }) {
  const file = (name) => join(work, name).replaceAll(',', ',,');
  const port = (name) => [
    ...['-chardev', `file,id=${name},path=${file(name)}`],
    ...['-device', `virtserialport,chardev=${name},name=${name}`],
  ];
  return [
    // Emulated throughout: machines that are virtual themselves have no hardware virtualization to offer.
    // Without cmpxchg16b: that of QEMU 7.2 is not one for all of Linux 6.12, which ends in a fault.
    ...['-machine', 'q35,accel=tcg', '-cpu', 'max,-cx16', '-smp', '2', '-m', memory],
    // virtiofsd reads and writes the guest's memory.
    ...['-object', `memory-backend-memfd,id=memory,size=${memory},share=on`, '-numa', 'node,memdev=memory'],
    ...['-chardev', `socket,id=share,path=${share.socket}`, '-device', 'vhost-user-fs-pci,chardev=share,tag=host'],
    ...['-device', 'virtio-serial-pci', ...['stdout', 'stderr', 'results', 'status'].flatMap(port)],
    ...['-kernel', kernel.image, '-initrd', initramfs, '-append', 'console=ttyS0 quiet panic=-1'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', `file:${file('console')}`],
  ];
}

function statusOf(work) {
  const status = contents(work, 'status');
  if (!/^\d+\n$/.test(status)) throw new Error(`the guest stopped before its command had ended\n${logs(work)}`);
  return Number(status);
}

function logs(work) {
  const names = ['virtiofsd.log', 'qemu.log', 'console'];
  return names.map((name) => `${name}:\n${contents(work, name).slice(-4_000)}`).join('\n');
}

function contents(work, name) {
  const path = join(work, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
