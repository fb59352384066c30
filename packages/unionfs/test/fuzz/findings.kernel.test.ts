/** What chance has found, by name. */
import { guard, requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { bothForms } from '../erofs/both-forms.ts';
import { holes, sparseFormats } from '../tar/sparse-archive.ts';

guard();

requires({ on: ['host'], root: true, kernel: '6.12' })('a layer in one file', () => {
  it.each([0, 100, 323])('has its sparse files right where the archive ends %s bytes early', async (missing) => {
    using folder = scratch('findings');
    const bytes = Buffer.concat([sparseFormats.oldGnu(holes), sparseFormats.pax10({ ...holes, name: 'other' })]);
    const { directory, image } = await bothForms(folder, bytes.subarray(0, bytes.length - missing));
    expect(image).toEqual(directory);
    expect(directory).toHaveLength(4);
  });
});
