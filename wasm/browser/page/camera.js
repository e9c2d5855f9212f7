// The camera dialog: it gives pictures as PNG files until it is closed.

export class Camera {
  #dialog;
  #video;
  #stream = null;
  #facing = 'environment';
  #taken;

  // taken gets each picture as a File.
  constructor(dialog, taken) {
    this.#dialog = dialog;
    this.#video = dialog.querySelector('video');
    this.#taken = taken;
    dialog.addEventListener('close', () => this.#stop());
    dialog.querySelector('.shoot').addEventListener('click', () => this.#shoot());
    dialog.querySelector('.turn').addEventListener('click', () => {
      this.#facing = this.#facing === 'user' ? 'environment' : 'user';
      this.#start();
    });
    dialog.querySelector('.close').addEventListener('click', () => dialog.close());
  }

  open() {
    this.#dialog.showModal();
    return this.#start();
  }

  async #start() {
    this.#stop();
    const say = text => { this.#dialog.querySelector('.why').textContent = text; };
    try {
      if (!navigator.mediaDevices) throw new Error('this page has no access to cameras: it is not from https or localhost');
      say('');
      const stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: this.#facing, width: {ideal: 1920}, height: {ideal: 1080}}});
      if (!this.#dialog.open) { // closed while the browser asked
        stream.getTracks().forEach(t => t.stop());
        return;
      }
      this.#stream = this.#video.srcObject = stream;
      await this.#video.play();
    } catch (e) {
      say({NotAllowedError: 'The browser was not allowed to use the camera.', NotFoundError: 'There is no camera.'}[e.name] ?? `The camera does not start: ${e.message}`);
    }
  }

  #stop() {
    this.#stream?.getTracks().forEach(t => t.stop());
    this.#stream = this.#video.srcObject = null;
  }

  #shoot() {
    const {videoWidth: width, videoHeight: height} = this.#video;
    if (!width) return;
    const canvas = Object.assign(document.createElement('canvas'), {width, height});
    canvas.getContext('2d').drawImage(this.#video, 0, 0);
    canvas.toBlob(blob => {
      const time = new Date().toISOString().replace(/[:.]/g, '-').slice(0, 19);
      this.#taken(new File([blob], `camera-${time}.png`, {type: 'image/png'}));
    }, 'image/png');
  }
}
