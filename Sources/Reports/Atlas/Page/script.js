// SPDX-License-Identifier: MIT
'use strict';

// The data files fill this: `index` at once, `layers` when a layer is looked at.
window.lucidAtlas = {index: null, layers: new Map()};

const $ = id => document.getElementById(id);
const orders = ['channel', 'objective', 'difference'];
const tileSide = 112;
const leastSide = 88;

// The campaign, read from its index; what is shown, which the address tells; and the layer at hand.
let atlas;
let view = {layer: null, neuron: null, model: 0, compare: false, order: 'channel'};
let layer = null;
let items = [];

// Elements. Names and messages come from a campaign and its files: they only ever become text.

function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === false || value === null || value === undefined) continue;
        if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
        else element.setAttribute(name, value === true ? '' : value);
    }
    element.append(...children.filter(child => child !== null && child !== undefined));
    return element;
}

const bdi = text => make('bdi', {}, text);

function address(file) {
    return file.split('/').map(encodeURIComponent).join('/');
}

function number(value, digits = 3) {
    if (value === null || value === undefined) return '–';
    if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-4)) return value.toExponential(digits - 1);
    const text = value.toPrecision(digits);
    return (text.includes('e') ? String(Math.round(value)) : text).replace('-', '−');
}

const count = value => value.toLocaleString('en');
const plural = (value, noun) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

// Data.

function readIndex(index) {
    const layers = index.layers.map(([name, neurons, pictures, failed]) => ({name, neurons, pictures, failed}));
    const sum = key => layers.reduce((total, entry) => total + entry[key], 0);
    return {...index, layers, names: new Map(layers.map((entry, place) => [entry.name, place])),
        pictures: sum('pictures'), failed: sum('failed')};
}

function readLayer(name, raw) {
    const sheets = new Map();
    for (const [file, model, width, height, tile, columns, x, y, dx, dy] of raw.sheets) {
        sheets.set(model, {file, width, height, tile, columns, x, y, dx, dy});
    }
    const neurons = new Map();
    for (const row of raw.pictures) {
        const [model, channel, variant, threshold, steps, seed, place, file, objective, difference, trace, error] = row;
        const key = channel === null ? 'direction' : String(channel);
        if (!neurons.has(key)) neurons.set(key, {key, channel, pictures: atlas.models.map(() => []), exemplars: []});
        neurons.get(key).pictures[model].push(
            {model, channel, variant, threshold, steps, seed, place, file, objective, difference, trace, error});
    }
    for (const neuron of neurons.values()) neuron.first = neuron.pictures.map(firstPicture);
    for (const [model, channel, rank, image, value, file] of raw.exemplars) {
        neurons.get(String(channel))?.exemplars.push({model, rank, image, value, file});
    }
    return {name, sheets, neurons};
}

// Of several, the last threshold's, and of these the first variant.
function firstPicture(pictures) {
    return pictures.reduce((best, next) => !best || next.threshold > best.threshold ? next : best, null);
}

const loading = new Map();

function load(name) {
    const ready = () => readLayer(name, window.lucidAtlas.layers.get(name));
    if (!loading.has(name)) {
        loading.set(name, new Promise((resolve, reject) => {
            const source = `data/${encodeURIComponent(name)}.js`;
            document.head.append(make('script', {
                src: source, onload: () => resolve(ready()), onerror: () => reject(new Error(`${source} cannot be read`)),
            }));
        }));
    }
    return loading.get(name);
}

// The address: #layer:neuron&model=…&compare&order=…

function parseAddress(hash) {
    const next = {layer: null, neuron: null, model: 0, compare: false, order: 'channel'};
    let parts;
    try {
        parts = hash.replace(/^#/, '').split('&').map(decodeURIComponent);
    } catch {
        parts = [];
    }
    const [layerName, neuron] = (parts.shift() ?? '').split(':');
    if (atlas.names.has(layerName)) [next.layer, next.neuron] = [layerName, neuron || null];
    for (const part of parts) {
        const [key, value] = part.split('=');
        if (key === 'compare') next.compare = atlas.models.length > 1;
        if (key === 'order' && orders.includes(value)) next.order = value;
        if (key === 'model') next.model = Math.max(0, atlas.models.indexOf(value));
    }
    next.layer ??= (atlas.layers.find(entry => entry.pictures > 0) ?? atlas.layers[0])?.name ?? null;
    return next;
}

function formatAddress(state) {
    const parts = [state.layer + (state.neuron === null ? '' : `:${state.neuron}`)];
    if (state.model > 0) parts.push(`model=${atlas.models[state.model]}`);
    if (state.compare) parts.push('compare');
    if (state.order !== 'channel') parts.push(`order=${state.order}`);
    return '#' + parts.join('&');
}

// Changes what is shown by way of the address, so that reload, back and forward work.
function go(change, replace = false) {
    const hash = formatAddress({...view, ...change});
    if (hash === location.hash) return;
    if (replace) location.replace(hash);
    else location.hash = hash;
    follow();
}

let followed = null;

async function follow() {
    if (location.hash === followed) return;
    followed = location.hash;
    const next = parseAddress(location.hash);
    const isOtherLayer = next.layer !== layer?.name;
    const needsOrder = isOtherLayer || next.order !== view.order || next.model !== view.model;
    const isOtherGrid = needsOrder || next.compare !== view.compare;
    view = next;
    if (view.layer === null) return showEmpty('This campaign has no layers.');
    showControls();
    if (isOtherLayer) {
        try {
            const loaded = await load(view.layer);
            if (loaded.name !== view.layer) return;
            layer = loaded;
        } catch (error) {
            layer = null;
            return showEmpty(`The layer cannot be shown: ${error.message}.`);
        }
        grid.focused = 0;
    }
    if (needsOrder) items = inOrder([...layer.neurons.values()]);
    if (isOtherGrid) showGrid(isOtherLayer);
    showViewer();
}

function inOrder(neurons) {
    const channel = (a, b) => (a.channel ?? -1) - (b.channel ?? -1);
    if (view.order === 'channel') return neurons.sort(channel);
    // The base model differs from itself in nothing: for it, the largest difference of another counts.
    const value = neuron => {
        const picture = neuron.first[view.model];
        if (view.order === 'objective') return picture?.objective ?? -Infinity;
        if (view.model > 0) return picture?.difference ?? -Infinity;
        return Math.max(...neuron.first.map(other => other?.difference ?? -Infinity));
    };
    const values = new Map(neurons.map(neuron => [neuron, value(neuron)]));
    return neurons.sort((a, b) => values.get(b) === values.get(a) ? channel(a, b) : values.get(b) - values.get(a));
}

// Around the grid.

function showControls() {
    $('model').value = String(view.model);
    $('order').value = view.order;
    $('compare').setAttribute('aria-pressed', view.compare);
    for (const tab of $('layers').children) {
        const isChosen = tab.dataset.layer === view.layer;
        if (isChosen && tab.getAttribute('aria-selected') !== 'true') {
            // Of the list only: the page itself stays where it is.
            const list = $('layers').parentElement;
            list.scrollTop = Math.max(0, tab.offsetTop - list.clientHeight / 2);
            list.scrollLeft = Math.max(0, tab.offsetLeft - list.clientWidth / 2);
        }
        tab.setAttribute('aria-selected', isChosen);
        tab.tabIndex = isChosen ? 0 : -1;
    }
    $('layer-name').textContent = view.layer;
}

function showFrame() {
    const shown = atlas.pictures;
    $('campaign').textContent = atlas.campaign;
    document.title = `${atlas.campaign} · atlas of neurons`;
    const isRunning = shown < atlas.expected;
    const failed = atlas.failed > 0 ? `, ${count(atlas.failed)} failed` : '';
    $('progress').textContent = isRunning
        ? `${count(shown)} of ${count(atlas.expected)} so far${failed}` : `${plural(shown, 'picture')}${failed}`;
    $('progress').classList.toggle('running', isRunning);
    if (isRunning) $('progress').title = 'Reload the page for those that have arrived since';
    $('model').append(...atlas.models.map((name, place) => make('option', {value: place}, name)));
    $('model-field').hidden = $('compare').hidden = $('viewer-compare').hidden = atlas.models.length < 2;
    $('order').lastElementChild.disabled = atlas.models.length < 2;
    $('layers').append(...atlas.layers.map(entry => make('button', {
        type: 'button', role: 'tab', 'aria-controls': 'panel', 'data-layer': entry.name, tabindex: -1,
        class: entry.pictures === 0 ? 'none' : null, onclick: () => go({layer: entry.name, neuron: null}),
    }, make('span', {}, entry.name), make('small', {'aria-label': plural(entry.neurons, 'neuron')},
        entry.neurons === 0 ? '' : count(entry.neurons)))));
    $('parameters').append(...facts(atlas.parameters));
}

function facts(pairs) {
    return pairs.map(([name, value]) => make('div', {}, make('dt', {}, bdi(name)), make('dd', {}, bdi(value))));
}

function showEmpty(message) {
    items = [];
    $('grid').hidden = true;
    $('summary').textContent = '';
    $('empty').hidden = false;
    $('empty').textContent = message;
}

function showSummary() {
    const model = atlas.models[view.model];
    const present = items.filter(neuron => neuron.first[view.model]);
    const failed = present.filter(neuron => !neuron.first[view.model].file).length;
    const words = [plural(items.length, 'neuron'), view.compare ? plural(atlas.models.length, 'model') : model];
    const steps = new Set(present.map(neuron => neuron.first[view.model].threshold));
    if (steps.size === 1) words.push(`${count([...steps][0])} steps`);
    if (!view.compare && present.length < items.length) words.push(`${count(items.length - present.length)} not there yet`);
    if (failed > 0) words.push(`${count(failed)} failed`);
    if (view.order !== 'channel') words.push(`by ${view.order === 'difference' ? 'difference from ' + atlas.models[0] : view.order}`);
    $('summary').textContent = words.join(' · ');
}

// The grid. Only the neurons in and near the window are in the document, whatever their number.

const grid = {columns: 1, side: tileSide, width: tileSide, height: 0, dx: 0, dy: 0, focused: 0, first: 0, end: 0};

function measureGrid() {
    const panel = getComputedStyle($('panel'));
    const space = $('panel').clientWidth - parseFloat(panel.paddingLeft) - parseFloat(panel.paddingRight);
    const [gap, frame, between] = view.compare ? [14, 18, 4] : [10, 0, 0];
    const models = view.compare ? atlas.models.length : 1;
    const widthOf = (tiles, side) => tiles * (side + between) - between + frame;
    const perLine = Math.max(1, Math.min(models, Math.floor((space - frame + between) / (leastSide + between))));
    // In rows of models, tiles shrink somewhat where one more column fits then.
    const least = widthOf(perLine, view.compare ? leastSide : tileSide);
    grid.columns = Math.max(1, Math.floor((space + gap) / (least + gap)));
    const widest = Math.floor((space + gap) / grid.columns) - gap;
    grid.side = Math.min(tileSide, Math.floor((widest - frame + between) / perLine) - between);
    grid.width = widthOf(perLine, grid.side);
    grid.height = view.compare ? 34 + Math.ceil(models / perLine) * (grid.side + 24) : grid.side + 22;
    grid.dx = Math.min((space + gap) / grid.columns, grid.width + gap * 3);
    grid.dy = grid.height + gap;
    $('grid').style.setProperty('--side', `${grid.side}px`);
}

function showGrid(fromStart) {
    $('grid').hidden = items.length === 0;
    $('empty').hidden = items.length > 0;
    if (items.length === 0) return showEmpty('No picture of this layer is there yet.');
    measureGrid();
    $('grid').classList.toggle('comparing', view.compare);
    $('grid').style.height = `${Math.ceil(items.length / grid.columns) * grid.dy}px`;
    showSummary();
    if (fromStart) window.scrollTo(0, 0);
    fillGrid(true);
}

function fillGrid(isNew = false) {
    if (!layer || $('grid').hidden) return;
    const top = $('grid').getBoundingClientRect().top;
    const rows = Math.ceil(items.length / grid.columns);
    const firstRow = Math.min(rows, Math.max(0, Math.floor(-top / grid.dy) - 2));
    const lastRow = Math.min(rows, Math.ceil((window.innerHeight - top) / grid.dy) + 2);
    const [first, end] = [firstRow * grid.columns, Math.min(items.length, Math.max(lastRow, firstRow) * grid.columns)];
    if (!isNew && first === grid.first && end === grid.end) return;
    const kept = new Map(isNew ? [] : [...$('grid').children].map(cell => [Number(cell.dataset.place), cell]));
    for (const [place, cell] of kept) if (place < first || place >= end) cell.remove();
    const cells = [];
    for (let place = first; place < end; place += 1) cells.push(kept.get(place) ?? cell(place));
    if (isNew) $('grid').replaceChildren(...cells);
    else cells.forEach((cell, index) => {
        if ($('grid').children[index] !== cell) $('grid').insertBefore(cell, $('grid').children[index] ?? null);
    });
    [grid.first, grid.end] = [first, end];
    const focused = Math.min(Math.max(grid.focused, first), end - 1);
    for (const cell of cells) cell.firstChild.tabIndex = Number(cell.dataset.place) === focused ? 0 : -1;
}

function cell(place) {
    const neuron = items[place];
    const name = `${layer.name}:${neuron.key}`;
    const content = view.compare
        ? [make('span', {class: 'name'}, name), make('span', {class: 'row'},
            ...neuron.first.map((picture, model) => tile(picture, model, bdi(atlas.models[model]))))]
        : [tile(neuron.first[view.model], view.model, neuron.key)];
    const description = neuron.first.filter((_, model) => view.compare || model === view.model)
        .map(picture => picture?.file ? `objective ${number(picture.objective)}` : picture ? 'failed' : 'not there yet');
    const button = make('button', {
        type: 'button', 'aria-label': `${name}, ${description.join(', ')}`, 'data-label': view.compare ? null : `${name}\n${description[0]}`,
        onclick: () => go({neuron: neuron.key}), onfocus: () => { grid.focused = place; },
    }, ...content);
    const element = make('div', {role: 'listitem', class: 'cell', 'data-place': place,
        'aria-setsize': items.length, 'aria-posinset': place + 1}, button);
    const [column, row] = [place % grid.columns, Math.floor(place / grid.columns)];
    element.style.transform = `translate(${Math.round(column * grid.dx)}px, ${row * grid.dy}px)`;
    element.style.width = `${grid.width}px`;
    return element;
}

function tile(picture, model, caption) {
    const value = view.order === 'difference' && picture?.difference !== null ? picture?.difference : picture?.objective;
    return make('span', {class: 'tile'}, thumbnail(picture, model),
        make('span', {class: 'caption'}, make('b', {}, caption), make('span', {}, picture?.file ? number(value) : '')));
}

// A piece of the layer's sheet, or the picture itself where the sheet was drawn before it was there.
function thumbnail(picture, model) {
    if (!picture) return make('span', {class: 'thumb missing'}, 'not there yet');
    if (!picture.file) return make('span', {class: 'thumb failed'}, make('b', {}, 'failed'), bdi(picture.error ?? ''));
    const sheet = layer.sheets.get(model);
    if (!sheet || picture.place === null) {
        return make('span', {class: 'thumb'}, make('img', {src: address(picture.file), alt: '', decoding: 'async'}));
    }
    const scale = grid.side / sheet.tile;
    const [column, row] = [picture.place % sheet.columns, Math.floor(picture.place / sheet.columns)];
    const span = make('span', {class: 'thumb'});
    span.style.backgroundImage = `url("${address(sheet.file)}")`;
    span.style.backgroundSize = `${sheet.width * scale}px ${sheet.height * scale}px`;
    span.style.backgroundPosition = `${-(sheet.x + column * sheet.dx) * scale}px ${-(sheet.y + row * sheet.dy) * scale}px`;
    return span;
}

function focusPlace(place) {
    grid.focused = Math.min(Math.max(place, 0), items.length - 1);
    const row = Math.floor(grid.focused / grid.columns);
    const top = $('grid').getBoundingClientRect().top + row * grid.dy;
    const bar = document.querySelector('.bar').getBoundingClientRect().bottom + 8;
    if (top < bar) window.scrollBy(0, top - bar);
    else if (top + grid.dy > window.innerHeight) window.scrollBy(0, top + grid.dy - window.innerHeight + 8);
    fillGrid();
    $('grid').querySelector(`[data-place="${grid.focused}"]`)?.firstChild.focus({preventScroll: true});
}

// One neuron in full: of one model, or of all side by side.

const zoom = {scale: 1, x: 0, y: 0};
let chosen = {neuron: null, number: 0};

function showViewer() {
    const neuron = view.neuron === null ? null : layer.neurons.get(view.neuron);
    if (view.neuron !== null && !neuron) answerMissing(layer, view.neuron);
    if (!neuron) return $('viewer').close();
    const place = items.indexOf(neuron);
    if (chosen.neuron !== neuron) chosen = {neuron, number: null};
    $('viewer-name').textContent = `${layer.name}:${neuron.key}`;
    $('viewer-compare').setAttribute('aria-pressed', view.compare);
    $('viewer-models').hidden = view.compare || atlas.models.length < 2;
    $('viewer-models').replaceChildren(...atlas.models.map((name, model) => make('button', {
        type: 'button', 'aria-pressed': String(model === view.model), onclick: () => go({model}, true),
    }, bdi(name))));
    for (const [act, other] of [['previous', place - 1], ['next', place + 1]]) {
        $('viewer').querySelector(`[data-act=${act}]`).disabled = !items[other];
    }
    Object.assign(zoom, {scale: 1, x: 0, y: 0});
    $('viewer-body').className = `viewer-body ${view.compare ? 'many' : 'one'}`;
    $('viewer-body').replaceChildren(...(view.compare ? sideBySide(neuron) : alone(neuron)));
    applyZoom();
    if (!$('viewer').open) $('viewer').showModal();
}

// A browser also closes it by itself, by Escape or a gesture, and gives the focus back to where it was opened.
function viewerClosed() {
    if (view.neuron !== null) go({neuron: null});
    const place = items.indexOf(chosen.neuron);
    if (place >= 0 && document.activeElement !== $('query')) focusPlace(place);
}

function stage(picture, name) {
    const frame = make('div', {class: 'stage'});
    if (picture?.file) {
        frame.append(make('img', {src: address(picture.file), alt: `What ${name} responds to`, draggable: 'false'}));
    } else if (picture) {
        frame.append(make('div', {class: 'message', role: 'note'}, make('b', {}, 'This picture failed.'), bdi(picture.error ?? '')));
    } else {
        frame.append(make('div', {class: 'message'}, 'This picture is not there yet.'));
    }
    return frame;
}

function sideBySide(neuron) {
    return neuron.first.map((picture, model) => make('figure', {},
        stage(picture, `${layer.name}:${neuron.key} of ${atlas.models[model]}`),
        make('figcaption', {}, make('h3', {}, bdi(atlas.models[model])),
            make('dl', {class: 'facts'}, ...facts([['Objective', number(picture?.objective, 4)],
                model === 0 ? ['Base of the comparison', ''] : [`Difference from ${atlas.models[0]}`, number(picture?.difference)],
            ])),
            sparkline(picture), exemplars(neuron, model, 4))));
}

function alone(neuron) {
    const pictures = neuron.pictures[view.model];
    const picture = pictures[chosen.number] ?? neuron.first[view.model];
    const name = `${layer.name}:${neuron.key} of ${atlas.models[view.model]}`;
    const rows = [['Objective', number(picture?.objective, 5)]];
    if (view.model > 0) rows.push([`Difference from ${atlas.models[0]}`, number(picture?.difference)]);
    if (picture) rows.push(['Steps', count(picture.steps)], ['Seed', String(picture.seed)]);
    return [
        stage(picture, name),
        make('aside', {},
            pictures.length > 1 ? choice(neuron, pictures, picture) : null,
            make('dl', {class: 'facts'}, ...facts(rows)),
            sparkline(picture),
            exemplars(neuron, view.model, 12),
            make('details', {}, make('summary', {}, 'Settings'), make('dl', {class: 'facts'}, ...facts(atlas.parameters))),
            picture?.file ? make('p', {class: 'file'}, make('a', {href: address(picture.file), target: '_blank', rel: 'noopener'}, bdi(picture.file))) : null),
    ];
}

// Several thresholds, or diverse pictures, of one neuron.
function choice(neuron, pictures, shown) {
    return make('div', {class: 'choice', role: 'group', 'aria-label': 'Pictures of this neuron'},
        ...pictures.map((picture, place) => make('button', {
            type: 'button', 'aria-pressed': String(picture === shown), onclick: () => {
                chosen = {neuron, number: place};
                showViewer();
            },
        }, `${count(picture.threshold)} steps${picture.variant === null ? '' : `, no. ${picture.variant}`}`)));
}

function sparkline(picture) {
    const values = (picture?.trace ?? []).filter(value => value !== null);
    if (values.length < 2) return null;
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const points = values.map((value, step) =>
        `${(step / (values.length - 1) * 200).toFixed(1)},${(38 - (value - low) / (high - low || 1) * 36).toFixed(1)}`);
    const space = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(space, 'svg');
    const line = document.createElementNS(space, 'polyline');
    svg.setAttribute('viewBox', '0 0 200 40');
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', `The objective from ${number(values[0])} to ${number(values.at(-1))} over the steps`);
    line.setAttribute('points', points.join(' '));
    svg.append(line);
    return make('div', {class: 'spark'}, svg, make('p', {}, make('span', {}, number(values[0])),
        make('span', {}, `objective over ${plural(picture.steps, 'step')}`), make('span', {}, number(values.at(-1)))));
}

function exemplars(neuron, model, limit) {
    const images = neuron.exemplars.filter(image => image.model === model).slice(0, limit);
    if (images.length === 0) return null;
    return make('section', {class: 'exemplars'}, make('h3', {}, 'Images that drive it most'),
        make('ul', {}, ...images.map(image => make('li', {title: `${image.image}\n${number(image.value, 4)}`},
            make('img', {src: address(image.file), alt: image.image, loading: 'lazy'}),
            make('span', {class: 'caption'}, make('b', {}, bdi(image.image)), make('span', {}, number(image.value)))))));
}

// Zoom and pan are those of all pictures shown, so that the same place is compared.

function applyZoom() {
    const limit = (zoom.scale - 1) / 2;
    zoom.x = Math.min(limit, Math.max(-limit, zoom.x));
    zoom.y = Math.min(limit, Math.max(-limit, zoom.y));
    for (const image of $('viewer-body').querySelectorAll('.stage img')) {
        image.style.transform = `translate(${zoom.x * 100}%, ${zoom.y * 100}%) scale(${zoom.scale})`;
        image.classList.toggle('pixels', zoom.scale >= 4);
    }
    $('viewer-body').classList.toggle('zoomed', zoom.scale > 1);
    $('zoom').textContent = `${Math.round(zoom.scale * 100)}%`;
}

// The point, in parts of the picture from its middle, stays where it is.
function zoomBy(factor, point = {x: 0, y: 0}) {
    const scale = Math.min(16, Math.max(1, zoom.scale * factor));
    const change = scale / zoom.scale;
    zoom.x = point.x - (point.x - zoom.x) * change;
    zoom.y = point.y - (point.y - zoom.y) * change;
    zoom.scale = scale;
    applyZoom();
}

function followPointers(body) {
    const pointers = new Map();
    const place = (frame, event) => {
        const box = frame.getBoundingClientRect();
        return {x: (event.clientX - box.left) / box.width - 0.5, y: (event.clientY - box.top) / box.height - 0.5};
    };
    body.addEventListener('wheel', event => {
        const frame = event.target.closest('.stage');
        if (!frame) return;
        event.preventDefault();
        zoomBy(Math.exp(-event.deltaY * 0.002), place(frame, event));
    }, {passive: false});
    body.addEventListener('pointerdown', event => {
        const frame = event.target.closest('.stage');
        if (!frame || event.button !== 0) return;
        frame.setPointerCapture(event.pointerId);
        pointers.set(event.pointerId, place(frame, event));
    });
    body.addEventListener('pointermove', event => {
        const before = pointers.get(event.pointerId);
        const frame = event.target.closest('.stage');
        if (!before || !frame) return;
        const now = place(frame, event);
        const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
        if (other) {
            const distance = point => Math.hypot(point.x - other.x, point.y - other.y);
            if (distance(before) > 0.01) zoomBy(distance(now) / distance(before), other);
        } else {
            [zoom.x, zoom.y] = [zoom.x + now.x - before.x, zoom.y + now.y - before.y];
            applyZoom();
        }
        pointers.set(event.pointerId, now);
    });
    for (const end of ['pointerup', 'pointercancel']) {
        body.addEventListener(end, event => pointers.delete(event.pointerId));
    }
    body.addEventListener('dblclick', event => {
        const frame = event.target.closest('.stage');
        if (frame) zoomBy(zoom.scale > 1 ? 1 / 16 : 4, place(frame, event));
    });
}

function act(name) {
    const place = items.findIndex(neuron => neuron.key === view.neuron);
    const step = change => items[place + change] && go({neuron: items[place + change].key}, true);
    const actions = {
        previous: () => step(-1), next: () => step(1), in: () => zoomBy(1.5), out: () => zoomBy(1 / 1.5),
        fit: () => zoomBy(1 / 16), compare: () => toggleCompare(), close: () => go({neuron: null}),
    };
    actions[name]?.();
}

const toggleCompare = () => atlas.models.length > 1 && go({compare: !view.compare}, true);
const nextModel = () => go({model: (view.model + 1) % atlas.models.length}, true);

// Search.

function answer(message, suggestions = []) {
    $('answer').hidden = !message;
    $('answer').replaceChildren(make('p', {}, message), ...suggestions.map(([text, change]) => make('button', {
        type: 'button', onclick: () => {
            answer('');
            $('query').value = '';
            go(change);
        },
    }, text)));
}

function answerMissing(where, key) {
    const channels = [...where.neurons.values()].map(neuron => neuron.channel).filter(channel => channel !== null);
    channels.sort((a, b) => a - b);
    const near = [...channels].sort((a, b) => Math.abs(a - Number(key)) - Math.abs(b - Number(key))).slice(0, 3);
    const range = channels.length > 0 ? ` The atlas has ${count(channels.length)} of its neurons, from ${channels[0]} to ${channels.at(-1)}.` : '';
    answer(`There is no picture of ${where.name}:${key}.${range}`, near.map(channel =>
        [`${where.name}:${channel}`, {layer: where.name, neuron: String(channel)}]));
}

async function find(text) {
    const query = text.trim();
    if (query === '') return answer('');
    const [name, key] = /^\d+$/.test(query) ? [view.layer, query] : query.split(':').map(part => part.trim());
    if (!atlas.names.has(name)) {
        const close = suggestLayers(name);
        return answer(`There is no layer “${name}”.${close.length > 0 ? ' Did you mean:' : ''}`, close.map(other => {
            const neuron = key && /^\d+$/.test(key) ? String(Number(key)) : null;
            return [neuron === null ? other : `${other}:${neuron}`, {layer: other, neuron}];
        }));
    }
    const neuron = key && /^\d+$/.test(key) ? String(Number(key)) : key || null;
    if (neuron !== null) {
        try {
            const loaded = await load(name);
            if (!loaded.neurons.has(neuron)) return answerMissing(loaded, neuron);
        } catch (error) {
            return answer(`The layer cannot be searched: ${error.message}.`);
        }
    }
    answer('');
    $('query').value = '';
    $('query').blur();
    go({layer: name, neuron});
}

function suggestLayers(name) {
    const wanted = name.toLowerCase();
    const scored = atlas.layers.map(entry => {
        const other = entry.name.toLowerCase();
        return [wanted && other.includes(wanted) ? 0 : editDistance(wanted, other), entry.name];
    });
    return scored.filter(([score]) => score <= Math.max(2, wanted.length / 2)).sort((a, b) => a[0] - b[0])
        .slice(0, 5).map(([, other]) => other);
}

function editDistance(a, b) {
    let row = Array.from({length: b.length + 1}, (_, column) => column);
    for (let i = 1; i <= Math.min(a.length, 80); i += 1) {
        const next = [i];
        for (let j = 1; j <= b.length; j += 1) {
            next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
        }
        row = next;
    }
    return row[b.length];
}

// Light and dark: as the system has it, until one is chosen.

const themes = {
    read() {
        try { return localStorage.getItem('lucid-theme'); } catch { return null; }
    },
    get isDark() {
        return (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
    },
    show() {
        $('theme').textContent = this.isDark ? '☀' : '☾';
        $('theme').title = this.isDark ? 'Light' : 'Dark';
        $('theme').setAttribute('aria-label', `Show in ${this.isDark ? 'light' : 'dark'} colours`);
    },
    toggle() {
        const theme = this.isDark ? 'light' : 'dark';
        document.documentElement.dataset.theme = theme;
        try { localStorage.setItem('lucid-theme', theme); } catch { /* It lasts as long as the page. */ }
        this.show();
    },
};

// Keys.

function pressed(event) {
    const isTyping = event.target.matches('input, select, textarea');
    if (event.key === 'Escape' && event.target === $('query')) {
        answer('');
        return $('query').blur();
    }
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || $('about').open) return;
    const inViewer = $('viewer').open;
    const inTabs = event.target.closest('[role=tablist]');
    const general = {
        '/': () => { if (inViewer) act('close'); $('query').focus(); $('query').select(); },
        c: toggleCompare, m: nextModel, '?': () => $('about').showModal(),
    };
    const keys = inViewer
        ? {ArrowLeft: () => act('previous'), ArrowRight: () => act('next'), '+': () => act('in'), '=': () => act('in'),
            '-': () => act('out'), 0: () => act('fit')}
        : inTabs ? tabKeys(event.target) : gridKeys();
    const action = keys[event.key] ?? general[event.key];
    if (!action) return;
    event.preventDefault();
    action();
}

function gridKeys() {
    const onGrid = document.activeElement?.closest('#grid');
    const step = change => () => focusPlace(onGrid ? grid.focused + change : grid.focused);
    const page = Math.max(1, Math.floor(window.innerHeight / grid.dy) - 1) * grid.columns;
    const keys = {ArrowLeft: step(-1), ArrowRight: step(1), ArrowUp: step(-grid.columns), ArrowDown: step(grid.columns)};
    if (!onGrid) return keys;
    return {...keys, Home: () => focusPlace(0), End: () => focusPlace(items.length - 1), PageUp: step(-page), PageDown: step(page)};
}

function tabKeys(tab) {
    const step = (other, last) => () => {
        const next = tab[other] ?? tab.parentElement[last];
        next.focus();
        next.click();
    };
    const [back, on] = [step('previousElementSibling', 'lastElementChild'), step('nextElementSibling', 'firstElementChild')];
    return {ArrowUp: back, ArrowLeft: back, ArrowDown: on, ArrowRight: on};
}

// The start.

function listen() {
    window.addEventListener('hashchange', follow);
    window.addEventListener('scroll', () => requestAnimationFrame(() => fillGrid()), {passive: true});
    window.addEventListener('resize', () => requestAnimationFrame(() => layer && showGrid(false)));
    document.addEventListener('keydown', pressed);
    document.addEventListener('click', event => event.target.closest('#search') || answer(''));
    $('model').addEventListener('change', () => go({model: Number($('model').value)}));
    $('order').addEventListener('change', () => go({order: $('order').value}));
    $('compare').addEventListener('click', toggleCompare);
    $('theme').addEventListener('click', () => themes.toggle());
    $('help').addEventListener('click', () => $('about').showModal());
    $('search').addEventListener('submit', event => {
        event.preventDefault();
        find($('query').value);
    });
    $('skip').addEventListener('click', event => {
        event.preventDefault();
        focusPlace(grid.focused);
    });
    $('viewer').addEventListener('close', viewerClosed);
    $('viewer').addEventListener('click', event => {
        const button = event.target.closest('[data-act]');
        if (button) act(button.dataset.act);
        else if (event.target === $('viewer')) act('close');
    });
    followPointers($('viewer-body'));
}

function start() {
    const theme = themes.read();
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    themes.show();
    if (!window.lucidAtlas.index) return showEmpty('The atlas cannot be shown: data/index.js is missing beside this page.');
    atlas = readIndex(window.lucidAtlas.index);
    showFrame();
    listen();
    follow();
}

document.addEventListener('DOMContentLoaded', start);
