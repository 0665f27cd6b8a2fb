// SPDX-License-Identifier: MIT
'use strict';

// Names and messages come from a campaign and its files: they only ever become text.

const $ = id => document.getElementById(id);

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

// A name that somebody wrote, at a length that a person reads.
const shortened = text => text.length > 80 ? `${text.slice(0, 79)}…` : text;

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

function facts(pairs) {
    return pairs.map(([name, value]) => make('div', {}, make('dt', {}, bdi(name)), make('dd', {}, bdi(value))));
}
