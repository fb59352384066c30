/**
 * Rules of this project, and for each one way to break it: in `file`, `text` (which stands there exactly once) becomes
 * `instead`. `tests` must then fail. docs/testing.md shows what came of it.
 */
export const breaks = [
  {
    rule: 'a whiteout hides what the layers below hold',
    file: 'packages/unionfs/src/layer/unpacker.ts',
    text: "else if (whiteout !== 'ignored') this.#hide",
    instead: "else if (whiteout === 'opaque') this.#hide",
    tests: ['packages/unionfs/test/layer/apply-layer.kernel.test.ts'],
  },
  {
    rule: 'an opaque directory hides all that is below it',
    file: 'packages/unionfs/src/layer/whiteouts.ts',
    text: 'directory.opaque = true;\n  },',
    instead: 'directory.opaque = false;\n  },',
    tests: ['packages/unionfs/test/layer/overlay-form.kernel.test.ts'],
  },
  {
    rule: 'no path of a layer leads out of its directory',
    file: 'packages/unionfs/src/layer/beneath.ts',
    text: "['beneath', 'no-symlinks', 'no-magiclinks', 'no-xdev']",
    instead: '[]',
    tests: ['packages/unionfs/test/layer/beneath.kernel.test.ts'],
  },
  {
    rule: 'content is what its digest says',
    file: 'packages/image-spec/src/verifier.ts',
    text: 'digest !== undefined && actual !== digest',
    instead: 'digest === actual && actual !== digest',
    tests: ['packages/image-spec/test/verifier.test.ts', 'packages/registry-client/test/pull.test.ts'],
  },
  {
    rule: 'limits are in force before anybody is inside',
    file: 'packages/cgroups/src/create.ts',
    text: 'writeControl(directory, file, value);',
    instead: "if (file !== 'pids.max') writeControl(directory, file, value);",
    tests: ['packages/cgroups/test/cgroup.kernel.test.ts', 'packages/runtime/test/limits.kernel.test.ts'],
  },
  {
    rule: 'a mount that is disposed of is gone',
    file: 'packages/unionfs/src/mount-overlay.ts',
    text: "perform([umount(this.path, ['nofollow', 'detach'])]);",
    instead: '',
    tests: ['packages/unionfs/test/steps/mounts.kernel.test.ts'],
  },
  {
    rule: 'nothing of the host can be reached from a container',
    file: 'packages/runtime/src/root.ts',
    text: "[umount('.', ['detach']), chdir('/')]",
    instead: "[chdir('/')]",
    tests: ['packages/runtime/test/escape.kernel.test.ts'],
  },
  {
    rule: 'a working directory of the image cannot lead to a descriptor of ours',
    file: 'packages/runtime/src/container-steps.ts',
    text: '    closeDescriptors(),\n',
    instead: '',
    tests: ['packages/runtime/test/escape.kernel.test.ts'],
  },
  {
    rule: 'a container leaves no cgroup behind',
    file: 'packages/cgroups/src/directories.ts',
    text: '    rmdirSync(directory);\n',
    instead: '',
    tests: ['packages/runtime/test/limits.kernel.test.ts'],
  },
  {
    rule: 'a container has no more capabilities than it was given',
    file: 'packages/privileges/src/drop-privileges.ts',
    text: '...(sets === undefined ? [] : [boundingSet(sets.bounding ?? [])]),',
    instead: '',
    tests: ['packages/privileges/test/drop-privileges.kernel.test.ts'],
  },
  {
    rule: 'a forbidden system call is refused',
    file: 'packages/privileges/src/drop-privileges.ts',
    text: 'filter === undefined ? [] : seccomp(filter)',
    instead: '[]',
    tests: ['packages/privileges/test/drop-privileges.kernel.test.ts', 'packages/runtime/test/run.kernel.test.ts'],
  },
  {
    rule: 'a container ends with the process that started it',
    file: 'packages/syscalls/src/launch.ts',
    text: 'dieWithParent: isMainThread',
    instead: 'dieWithParent: false',
    tests: ['packages/syscalls/test/launch/parent-death.kernel.test.ts'],
  },
];
