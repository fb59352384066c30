import {
  type Descriptor,
  Digest,
  type Image,
  type ImageConfig,
  ImageLayout,
  type ImageSpecErrorCode,
  parseImageConfig,
  parseReference,
} from '@estiba/image-spec';

export const image: Promise<Image> = ImageLayout.open('/tmp/images').then((layout) => layout.image('alpine'));
export const digest: Promise<Digest> = image.then(({ descriptor }: { descriptor: Descriptor }) => descriptor.digest);
export const config: ImageConfig = parseImageConfig(Buffer.from('{}'));
export const command: string[] | null | undefined = config.config?.Cmd;
export const parsed = Digest.safeParse('sha256:00').success;
export const code: ImageSpecErrorCode = 'DIGEST_MISMATCH';

// @ts-expect-error no such code
export const wrong: ImageSpecErrorCode = 'DIGEST_WRONG';
// @ts-expect-error a digest begins with its algorithm
export const short: Digest = 'abc';
// @ts-expect-error a tag may be missing
export const tag: string = parseReference('alpine').tag;
