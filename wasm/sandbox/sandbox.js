// Runs a fusion rule in a worker of its own, which ends at the deadline whatever the rule does. See sandbox.go.

// Sandbox is one rule. It takes one image after the other; every image gets a new instance of the module.
export class Sandbox {
  #module;
  #deadline;
  #worker = null;
  #fail = null; // ends what is under way
  #queue = Promise.resolve();
  #closed = false;

  // open compiles a module that wasm/admit has given. deadline is in milliseconds: for compiling, and for each image.
  static async open(bytes, {deadline = 10000} = {}) {
    const s = new Sandbox();
    s.#deadline = deadline;
    try {
      s.#module = await s.#ask({bytes});
    } catch (e) {
      s.close();
      throw e;
    }
    return s;
  }

  // fuse is that of rule.js.
  fuse(image, maps) {
    const answer = this.#queue.then(() => this.#ask({module: this.#module, image, maps}));
    this.#queue = answer.catch(() => {});
    return answer;
  }

  // stop ends the image in work with an error.
  stop() { this.#fail?.(new Error('rule: stopped')); }

  // close ends the worker, and the image in work with an error.
  close() {
    this.#closed = true;
    this.stop();
    this.#end();
  }

  #end() {
    if (this.#worker) {
      this.#worker.onmessage = this.#worker.onerror = this.#worker.onmessageerror = null; // an answer may be on its way
      this.#worker.terminate();
    }
    this.#worker = this.#fail = null;
  }

  #ask(question) {
    if (this.#closed) return Promise.reject(new Error('rule: closed'));
    return new Promise((resolve, reject) => {
      this.#worker ??= new Worker(new URL('./worker.js', import.meta.url), {type: 'module'});
      const timer = setTimeout(() => this.#fail(new Error(`rule: not done at the deadline of ${this.#deadline} ms`)), this.#deadline);
      const done = () => {
        clearTimeout(timer);
        this.#fail = null;
      };
      // After this nothing is known of the worker.
      this.#fail = e => {
        done();
        this.#end();
        reject(e);
      };
      this.#worker.onerror = e => this.#fail?.(new Error(`rule: ${e.message ?? 'its worker could not be started'}`));
      this.#worker.onmessageerror = () => this.#fail?.(new Error('rule: an answer that cannot be read'));
      this.#worker.onmessage = ({data}) => {
        done();
        if (data.error === undefined) resolve(data.result);
        else reject(Object.assign(new Error(data.error), {log: data.log}));
      };
      this.#worker.postMessage(question);
    });
  }
}
