import { guard, requires } from '@estiba/testkit';
import { boundElsewhere, layersInUse, mappedLayers } from './suite/layers-in-use.ts';

guard();

requires({ on: ['host', 'uml'], root: true, overlay: true })('the directories of layers that are in use', () => {
  layersInUse('directory');
  boundElsewhere();
});

requires({ on: ['host'], root: true, overlay: true, kernel: '6.12' })('the images of layers that are in use', () => {
  layersInUse('erofs');
});

requires({ on: ['host', 'uml'], root: true, overlay: true, kernel: '5.19' })(
  'layers that are shown by an id map',
  () => {
    mappedLayers();
  },
);
