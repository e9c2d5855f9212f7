// The form of the method's settings: between its texts and the words of results.jsonl.

export class SettingError extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

const wholes = (field, text, what) => {
  const list = text.split(',').map(s => Number(s.trim()));
  if (!list.every(n => Number.isInteger(n) && n > 0)) throw new SettingError(field, `${what}: whole numbers, separated by commas`);
  return list;
};

// timesteps reads "250:25", from 250 down in steps of 25, or a list.
export function timesteps(text) {
  const range = /^\s*(\d+)\s*:\s*(\d+)\s*$/.exec(text);
  if (!range) {
    const list = wholes('timesteps', text, 'Timesteps');
    if (list.some((t, i) => i && t >= list[i - 1])) throw new SettingError('timesteps', 'Timesteps: each below the one before');
    return list;
  }
  const start = Number(range[1]), step = Number(range[2]);
  if (!step || step > start) throw new SettingError('timesteps', 'Timesteps: START:STEP with a step from 1 to the start, such as 250:25');
  return Array.from({length: Math.ceil(start / step)}, (_, i) => start - i * step).filter(t => t > 0);
}

// format writes timesteps as briefly as timesteps reads them.
export function format(list) {
  const start = list[0], step = list.length > 1 ? start - list[1] : start;
  const same = timesteps(`${start}:${step}`);
  return list.length > 2 && same.length === list.length && same.every((t, i) => t === list[i]) ? `${start}:${step}` : list.join(', ');
}

// fill shows the settings in force.
export function fill(form, settings) {
  form.timesteps.value = format(settings.timesteps);
  form.cells.value = settings.cells.join(', ');
  form.sets.value = settings.sets;
  form.rule.value = settings.rule;
  form.sampler.value = settings.sampler;
  form.alpha.value = settings.alpha;
  form.mean_filter.value = settings.mean_filter;
  form.seed.value = settings.seed;
  form.refine.checked = settings.refine;
}

// read gives the settings of the form; the program checks what they mean together.
export function read(form) {
  const number = (field, what, whole) => {
    const v = form[field].valueAsNumber;
    if (!Number.isFinite(v) || whole && !Number.isSafeInteger(v)) throw new SettingError(field, `${what}: a ${whole ? 'whole ' : ''}number`);
    return v;
  };
  return {
    timesteps: timesteps(form.timesteps.value), cells: wholes('cells', form.cells.value, 'Cells'), sets: number('sets', 'Sets', true),
    rule: form.rule.value, sampler: form.sampler.value, alpha: number('alpha', 'Alpha', false),
    mean_filter: number('mean_filter', 'Mean filter', true), seed: number('seed', 'Seed', true), refine: form.refine.checked,
  };
}
