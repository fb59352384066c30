import { explain } from '@estiba/syscalls';
import { expect, it } from 'vitest';
import { erofs, erofsTree } from '../../src/steps/erofs.ts';

it('an image is mounted by the kernel itself, read-only', () => {
  expect(explain(erofs({ image: '/layers/1', target: '/mnt', attributes: ['nodev'] }))).toMatchInlineSnapshot(`
    "# mount /layers/1 on /mnt
      # make a file system of /layers/1
        $1 = fsopen("erofs", FSOPEN_CLOEXEC)
        fsconfig($1, FSCONFIG_SET_STRING, "source", "/layers/1", 0)
        fsconfig($1, FSCONFIG_SET_FLAG, "ro", NULL, 0)
        fsconfig($1, FSCONFIG_CMD_CREATE, NULL, NULL, 0)
        $2 = fsmount($1, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY|MOUNT_ATTR_NODEV)
      mkdirat(AT_FDCWD, "/mnt", 0755)  # unless it fails
      move_mount($2, "", AT_FDCWD, "/mnt", MOVE_MOUNT_F_EMPTY_PATH)"
  `);
});

it('a path that the kernel would cut off is refused', () => {
  expect(() => erofsTree(`/${'x'.repeat(255)}`)).toThrow(/at most 255 bytes/);
});
