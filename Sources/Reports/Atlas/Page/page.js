// SPDX-License-Identifier: MIT
'use strict';

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

const endings = {cancelled: 'was cancelled', failed: 'failed'};

function showFrame() {
    const shown = atlas.pictures;
    $('campaign').textContent = atlas.campaign;
    document.title = `${atlas.campaign} · atlas of neurons`;
    const isComplete = shown >= atlas.expected;
    const isRunning = !isComplete && !atlas.ended;
    const failed = atlas.failed > 0 ? `, ${count(atlas.failed)} failed` : '';
    const made = shown - atlas.failed;
    $('progress').textContent = isComplete ? `${plural(shown, 'picture')}${failed}`
        : isRunning ? `${count(shown)} of ${count(atlas.expected)} so far${failed}`
            : `${count(made)} of ${count(atlas.expected)} made${failed}, ${atlas.ended}`;
    $('progress').classList.toggle('running', isRunning);
    $('notice').hidden = isComplete || !atlas.ended;
    $('notice').textContent = `The campaign ${endings[atlas.ended]}, so this atlas is incomplete: it has `
        + `${count(made)} of ${plural(atlas.expected, 'picture')}.`;
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

function showEmpty(message) {
    items = [];
    $('grid').hidden = true;
    $('summary').textContent = '';
    $('empty').hidden = false;
    $('empty').textContent = message;
}

function showSummary() {
    const models = view.compare ? [...atlas.models.keys()] : [view.model];
    const pictures = items.flatMap(neuron => models.map(model => neuron.first[model]));
    const present = pictures.filter(picture => picture);
    const failed = present.filter(picture => !picture.file).length;
    const shown = view.compare ? plural(models.length, 'model') : atlas.models[view.model];
    const words = [plural(items.length, 'neuron'), shown];
    const steps = new Set(present.map(picture => picture.threshold));
    if (steps.size === 1) words.push(plural([...steps][0], 'step'));
    const missing = pictures.length - present.length;
    if (missing > 0) words.push(`${count(missing)} ${absence()}`);
    if (failed > 0) words.push(`${count(failed)} failed`);
    if (view.order === 'objective') words.push('by objective');
    if (view.order === 'difference') words.push(`by difference from ${atlas.models[0]}`);
    $('summary').textContent = words.join(' · ');
}

// Light and dark: as the system has it, until one is chosen.

const themes = {
    read() {
        try { return localStorage.getItem('lucid-theme'); } catch { return null; }
    },
    get isDark() {
        const chosen = document.documentElement.dataset.theme;
        return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
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
    const [left, right, up, down] = [-1, 1, -grid.columns, grid.columns].map(step);
    const keys = {ArrowLeft: left, ArrowRight: right, ArrowUp: up, ArrowDown: down};
    if (!onGrid) return keys;
    const [first, last] = [() => focusPlace(0), () => focusPlace(items.length - 1)];
    return {...keys, Home: first, End: last, PageUp: step(-page), PageDown: step(page)};
}

function tabKeys(tab) {
    const step = (other, last) => () => {
        const next = tab[other] ?? tab.parentElement[last];
        next.focus();
        next.click();
    };
    const back = step('previousElementSibling', 'lastElementChild');
    const on = step('nextElementSibling', 'firstElementChild');
    return {ArrowUp: back, ArrowLeft: back, ArrowDown: on, ArrowRight: on};
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

// The start.

function listen() {
    window.addEventListener('hashchange', () => {
        // An answer to what was written before, and not one to the link that is followed already.
        if (location.hash !== followed) answer('');
        follow();
    });
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
    if (!window.lucidAtlas.index) return showEmpty('The atlas cannot be shown: data/index.js is missing.');
    atlas = readIndex(window.lucidAtlas.index);
    showFrame();
    listen();
    follow();
}

document.addEventListener('DOMContentLoaded', start);
