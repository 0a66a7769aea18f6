// Shows openapi.json and asyncapi.json to people. No library, nothing from elsewhere.
'use strict';

const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};
const link = (name) => el('a', { href: `#schema-${name}`, textContent: name });
const code = (text) => el('code', { textContent: text });

/** A schema in one line: names are links. */
function inline(schema) {
  if (schema === true || !schema) return [code('anything')];
  if (schema.$ref) return [link(schema.$ref.split('/').pop())];
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.filter((option) => option.type !== 'null').flatMap((option, i) => (i ? [' | ', ...inline(option)] : inline(option)));
  if (schema.const !== undefined) return [code(JSON.stringify(schema.const))];
  if (schema.enum) return [code(schema.enum.filter((value) => value !== null).map((value) => JSON.stringify(value)).join(' | '))];
  if (schema.allOf?.length === 1) return inline(schema.allOf[0]);
  const types = [schema.type ?? 'object'].flat().filter((type) => type !== 'null');
  if (types.includes('array')) return ['list of ', ...inline(schema.items)];
  return [code([types.join(' | '), schema.format && `(${schema.format})`].filter(Boolean).join(' '))];
}

function fields(schema) {
  const rows = Object.entries(schema?.properties ?? {}).map(([name, field]) =>
    el('tr', {}, el('td', {}, code(name), schema.required?.includes(name) ? '' : el('span', { className: 'note', textContent: '?' })), el('td', {}, ...inline(field)), el('td', { className: 'note', textContent: field.description ?? '' })));
  return rows.length ? el('table', {}, el('tbody', {}, ...rows)) : null;
}

function shape(title, schema) {
  if (!schema) return null;
  return el('div', {}, el('p', {}, el('strong', { textContent: `${title}: ` }), ...inline(schema)), schema.$ref ? null : fields(schema));
}

function operation(path, method, op) {
  const json = (content) => content?.['application/json']?.schema;
  const parameters = op.parameters.map((p) => el('tr', {}, el('td', {}, code(p.name), p.required ? '' : el('span', { className: 'note', textContent: '?' })), el('td', { textContent: p.in }), el('td', {}, ...inline(p.schema)), el('td', { className: 'note', textContent: p.description ?? '' })));
  const responses = Object.entries(op.responses).map(([status, response]) =>
    el('tr', {}, el('td', {}, code(status)), el('td', {}, ...(Number(status) < 400 && json(response.content) ? inline(json(response.content)) : [response.description.replaceAll('`', '').replaceAll('\n\n', ' · ')]))));
  const details = el('details', {},
    el('summary', {}, el('span', { className: 'method', textContent: method.toUpperCase() }), el('span', { className: 'path', textContent: path.replace('/api/v1', '') }), el('span', { className: 'note', textContent: op.summary + (op.security ? '' : ' · without a token') })),
    el('div', {}, parameters.length ? el('table', {}, el('tbody', {}, ...parameters)) : null, shape('Body', json(op.requestBody?.content)), el('h4', { textContent: 'Answers' }), el('table', {}, el('tbody', {}, ...responses))));
  details.dataset.text = `${method} ${path} ${op.summary}`.toLowerCase();
  return details;
}

function frame(direction, message) {
  const details = el('details', {},
    el('summary', {}, el('span', { className: 'method', textContent: direction }), el('span', { className: 'path', textContent: message.name })),
    el('div', {}, shape('Payload', message.payload.properties?.payload)));
  details.dataset.text = message.name;
  return details;
}

function schemaEntry(name, schema) {
  const details = el('details', { id: `schema-${name}` }, el('summary', {}, el('span', { className: 'path', textContent: name }), el('span', { className: 'note', textContent: (schema.description ?? '').split('\n')[0] })),
    el('div', {}, fields(schema) ?? el('p', {}, ...inline(schema))));
  details.dataset.text = `${name} ${schema.description ?? ''}`.toLowerCase();
  return details;
}

function section(title, children) {
  const id = title.replaceAll(' ', '-');
  document.getElementById('contents').append(el('a', { href: `#${id}`, textContent: title }));
  return el('section', { id }, el('h2', { textContent: title }), ...children);
}

/** A link to a schema opens it. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  target?.scrollIntoView();
}

async function show() {
  const [api, events] = await Promise.all(['openapi', 'asyncapi'].map(async (name) => (await fetch(`/api/v1/${name}.json`)).json()));
  document.getElementById('about').textContent = api.info.description;
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, op] of Object.entries(methods)) {
      const tag = op.tags[0];
      groups.set(tag, [...(groups.get(tag) ?? []), operation(path, method, op)]);
    }
  }
  const socket = Object.entries(events.channels.socket.messages);
  const schemas = Object.entries({ ...events.components.schemas, ...api.components.schemas }).sort(([a], [b]) => a.localeCompare(b));
  document.getElementById('main').replaceChildren(
    ...[...groups].map(([tag, operations]) => section(tag, operations)),
    section('frames', [el('p', { textContent: events.info.description }), ...socket.map(([name, message]) => frame(name.startsWith('Client') ? 'send' : 'receive', message))]),
    section('schemas', schemas.map(([name, schema]) => schemaEntry(name, schema))));
  openTarget();
}

document.getElementById('find').addEventListener('input', (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const entry of document.querySelectorAll('details')) entry.hidden = !words.every((word) => entry.dataset.text.includes(word));
});
window.addEventListener('hashchange', openTarget);
show().catch((error) => { document.getElementById('main').textContent = `The reference could not be loaded: ${error.message}`; });
