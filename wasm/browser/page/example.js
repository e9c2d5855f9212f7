import {Detector} from './drdc.js';

const out = document.getElementById('out');

document.getElementById('file').addEventListener('change', async event => {
  try {
    const detector = await Detector.open({
      model: './model.drdc',
      onProgress: (stage, done, total) => { out.textContent = `${stage}: ${done} of ${total}`; },
    });
    const {row, heatmap} = await detector.detect(event.target.files[0], {
      onStep: ({timestep}) => { out.textContent = `refining, t = ${timestep}`; },
    });
    out.textContent = `score ${row.score.toPrecision(4)} on ${row.adapter}`;
    draw(heatmap);
    detector.close();
  } catch (e) {
    out.textContent = `${e.code}: ${e.message}`;
  }
});

function draw({width, height, values}) {
  const canvas = Object.assign(document.getElementById('map'), {width, height});
  const image = new ImageData(width, height), most = Math.max(...values);
  values.forEach((v, i) => image.data.set([255 * v / most, 0, 0, 255], 4 * i));
  canvas.getContext('2d').putImageData(image, 0, 0);
}
