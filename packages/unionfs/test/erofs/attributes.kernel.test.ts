/** Attributes of the files in an image, as the kernel shows them. */
import { readFileSync } from 'node:fs';
import { guard, requires, scratch } from '@estiba/testkit';
import { archive, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { writeErofs } from '../../src/erofs/write-erofs.ts';
import { xattrs } from '../tree.ts';
import { bothForms } from './both-forms.ts';
import { mounted } from './mounted.ts';

guard();

requires({ on: ['host'], root: true, kernel: '6.12' })('a layer in one file', () => {
  it('has access lists as the kernel sets them', async () => {
    using folder = scratch('erofs');
    const list = (...entries: [tag: number, permissions: number, id: number][]) => {
      const bytes = Buffer.alloc(4 + 8 * entries.length);
      bytes.writeUInt32LE(2);
      for (const [index, [tag, permissions, id]] of entries.entries()) {
        bytes.writeUInt16LE(tag, 4 + 8 * index);
        bytes.writeUInt16LE(permissions, 6 + 8 * index);
        bytes.writeUInt32LE(id, 8 + 8 * index);
      }
      return bytes;
    };
    const none = 0xffffffff;
    const named = list([1, 6, none], [2, 7, 1000], [4, 4, none], [16, 5, none], [32, 0, none]);
    const plain = list([1, 7, none], [4, 5, none], [32, 4, none]);
    const access = 'SCHILY.xattr.system.posix_acl_access';
    const inherited = 'SCHILY.xattr.system.posix_acl_default';
    const { directory, image } = await bothForms(
      folder,
      archive(
        { name: 'named', mode: 0o4600, pax: { [access]: named } },
        { name: 'plain', mode: 0o2600, pax: { [access]: plain } },
        { name: 'none', mode: 0o640, pax: { [access]: Buffer.from([2, 0, 0, 0]) } },
        { name: 'folder/', type: '5', pax: { [access]: named, [inherited]: plain } },
        { name: 'link', type: '2', link: 'named', pax: { [access]: named } },
      ),
    );
    expect(image).toEqual(directory);
    expect(image).toContain('"link": extended attribute system.posix_acl_access');
    for (const broken of [list([1, 7, none]), list([1, 8, none], [4, 5, none], [32, 4, none]), Buffer.from('?')]) {
      const forms = await bothForms(folder, archive({ name: 'x', pax: { [access]: broken } }), {
        name: `${broken[6]}`,
      });
      expect(forms).toEqual({
        directory: expect.stringMatching(/^LAYER_REFUSED/),
        image: expect.stringMatching(/^LAYER_REFUSED/),
      });
    }
  });

  it('has the attributes that unpacking makes, where they are odd', async () => {
    using folder = scratch('erofs');
    const odd: [string, string][] = [
      ['security.', 'abc'],
      ['security.capability', 'abc'],
      ['system.posix_acl_access', 'abc'],
      ['system.posix_acl_access', '\x02\0\0\0'],
      ['user.', 'abc'],
    ];
    for (const type of ['0', '2', '5', '6']) {
      for (const [index, [name, value]] of odd.entries()) {
        const entry = { name: 'x', type, link: type === '2' ? 'y' : '', pax: { [`SCHILY.xattr.${name}`]: value } };
        const forms = await bothForms(folder, archive(entry), { name: `${type}-${index}` });
        const { directory, image } = forms;
        if (typeof directory === 'string') expect(String(image).slice(0, 13)).toBe(directory.slice(0, 13));
        else expect(image).toEqual(directory);
      }
    }
  });

  it('has extended attributes of any size, over many blocks', async () => {
    using folder = scratch('erofs');
    const entries = [1, 40, 400, 511, 512, 513, 4000, 65_000, 65_535].map((size) => ({
      name: `of ${size}`,
      content: `${size}`,
      pax: {
        'SCHILY.xattr.user.large': Buffer.alloc(size, `${size}.`),
        'SCHILY.xattr.trusted.small': Buffer.from([0, 1, 255]),
        [`SCHILY.xattr.security.${'n'.repeat(246)}`]: 'long name',
      },
    }));
    await writeErofs(layer(...entries), folder.join('image'));
    using image = mounted(folder.join('image'));
    for (const { name, content, pax } of entries) {
      const expected = Object.entries(pax).map(
        ([key, value]) => `${key.slice(13)}=${Buffer.from(value).toString('hex')}`,
      );
      expect(xattrs(`${image.path}/${name}`)).toEqual(expected.sort());
      expect(readFileSync(`${image.path}/${name}`, 'utf8')).toBe(content);
    }
  });
});
