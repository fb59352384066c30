import { guard, requires } from '@estiba/testkit';
import { leftMounted } from './suite/left-mounted.ts';

guard();

requires({ on: ['host', 'uml'], root: true, overlay: true })('a store of directories', () => {
  leftMounted('directory');
});

requires({ on: ['host'], root: true, overlay: true, kernel: '6.12' })('a store of images', () => {
  leftMounted('erofs');
});
