// `node scripts/qemu/run.mjs COMMAND…`: one command under a Linux that QEMU emulates, as root, on a copy-on-write view of
// this machine's files: whatever it does, nothing here changes. Output and exit status come back.
//
//     session ─┬─ kernel      Debian's cloud kernel, fetched once and kept
//              ├─ initramfs   busybox, a handful of modules, init.sh
//              └─ guest ─┬─ share.sh ──> virtiofsd      all files of this machine, read-only
//                        └─ qemu ──> init.sh ──> guest.sh ──> COMMAND
//
// The two sides talk through files in one temporary folder: the guest reads `command` and `environment` through the share,
// and writes `stdout`, `stderr`, `results` and `status` through virtio ports.
import { runInGuest } from './session.mjs';

await runInGuest(process.argv.slice(2));
