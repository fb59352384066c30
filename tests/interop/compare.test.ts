import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { differences, unexplained } from './compare.ts';
import { type Tree, treeOf } from './tree.ts';

const command = ['setfattr', 'touch', 'mknod'];

requires({ on: ['host'], root: true, command })('two trees that differ in one thing', () => {
  it.each([
    ['a path too many', ': >theirs/new && touch -r ours theirs', 'new', 'presence'],
    ['a path too few', 'rm theirs/device && touch -r ours theirs', 'device', 'presence'],
    ['a type', 'rm theirs/file && mkfifo theirs/file && touch -r ours/file theirs/file', 'file', 'type'],
    ['a mode', 'chmod u+s theirs/file', 'file', 'mode'],
    ['the mode of a directory', 'chmod +t theirs/directory', 'directory', 'mode'],
    ['an owner', 'chown -h 3000000 theirs/link', 'link', 'owner'],
    ['a group', 'chown :7 theirs/device', 'device', 'owner'],
    ['a size', 'printf x >>theirs/file && touch -r ours/file theirs/file', 'file', 'size'],
    ['a byte', 'printf CONTENT >theirs/file && touch -r ours/file theirs/file', 'file', 'content'],
    ['where a link leads', 'ln -sfn elsewhere theirs/link && touch -h -r ours/link theirs/link', 'link', 'link'],
    [
      'a device',
      'rm theirs/device && mknod theirs/device c 1 5 && touch -r ours/device theirs/device',
      'device',
      'device',
    ],
    ['a nanosecond', 'touch -d @1600000000.000000002 theirs/file', 'file', 'mtime'],
    ['a nanosecond of a link', 'touch -h -d @1600000000.000000002 theirs/link', 'link', 'mtime'],
    ['a time before 1970', 'touch -d @-1600000000.000000001 theirs/file', 'file', 'mtime'],
    ['an attribute', 'setfattr -x user.note theirs/file', 'file', 'xattr user.note'],
    ['the value of an attribute', 'setfattr -n user.note -v 0x00 theirs/file', 'file', 'xattr user.note'],
    ['an attribute of a link', 'setfattr -h -n trusted.note theirs/link', 'link', 'xattr trusted.note'],
    ['a hard link', 'cp -a theirs/one x && mv x theirs/one', 'one', 'names'],
    ['a name of another encoding', "mv theirs/$'\\xff' theirs/$'\\xfe'", '\xff', 'presence'],
  ])('differ in %s', (_, change, path, field) => {
    using folder = twoTrees();
    expect(found(folder)).toEqual([]);
    shell(folder, `${change} && touch -r ours theirs`);
    expect(found(folder)).toContainEqual(expect.objectContaining({ path, field }));
    // Nothing else but what goes with it: a size with a content, the other end of a pair.
    const others = found(folder).filter((each) => each.path !== path || each.field !== field);
    expect(others.every((each) => alongside[field]?.includes(each.field) ?? false)).toBe(true);
  });
});

const alongside: Readonly<Record<string, readonly string[]>> = {
  presence: ['presence'],
  type: ['mode', 'size', 'content', 'xattr user.note'],
  size: ['content'],
  names: ['names'],
};

requires({ on: ['host'] })('an exception', () => {
  const tree = (facts: Record<string, string>): Tree => new Map([['etc/file', facts]]);
  const about = { image: 'x', peer: 'umoci', why: 'a reason' } as const;

  it('explains the difference that it is about, and no other', () => {
    const two = differences(tree({ mode: '0644', mtime: '1' }), tree({ mode: '0600', mtime: '2' }));
    expect(unexplained(two, [{ ...about, path: /^etc/, field: 'mtime' }])).toEqual([
      '"etc/file": mode is 0644, that of the peer 0600',
    ]);
  });

  it('that explains nothing is told', () => {
    expect(unexplained([], [{ ...about, path: 'etc/file', field: 'mode' }])).toEqual([
      'the exception for mode of etc/file is not needed any more (a reason)',
    ]);
  });
});

function twoTrees(): Scratch {
  const folder = scratch('compare');
  const script = `
    mkdir -p ours/directory && cd ours
    printf content >file && setfattr -n user.note -v 0x0102 file
    ln -s file link && mknod device c 1 3 && printf x >one && ln one two && printf x >$'\\xff'
    find . -depth -exec touch -h -d @1600000000.000000001 {} +
    cd .. && cp -a ours theirs`;
  shell(folder, script);
  return folder;
}

function found(folder: Scratch) {
  return differences(treeOf(folder.join('ours')), treeOf(folder.join('theirs')));
}

function shell(folder: Scratch, script: string): void {
  execFileSync('bash', ['-euc', script], { cwd: folder.path, timeout: 20_000 });
}
