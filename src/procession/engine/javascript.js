// What a script finds around itself. Nothing here calls out: effects are written down and done afterwards.
var __run = (function (stringify, parse) {
  "use strict";
  function hidden(prototype, methods) {
    for (const name of Object.keys(methods)) {
      if (!(name in prototype)) {
        Object.defineProperty(prototype, name, { value: methods[name], enumerable: false });
      }
    }
  }
  hidden(String.prototype, {
    equals(other) { return String(this) === other; },
    equalsIgnoreCase(other) { return typeof other === "string" && this.toLowerCase() === other.toLowerCase(); },
    contains(part) { return this.includes(part); },
    isEmpty() { return this.length === 0; },
  });
  hidden(Array.prototype, {
    get(index) { return this[index]; },
    size() { return this.length; },
    isEmpty() { return this.length === 0; },
    contains(item) { return this.includes(item); },
    add(item) { this.push(item); return true; },
  });

  function BpmnError(code, message) { this.code = String(code); this.message = message === undefined ? null : String(message); }

  function Node(value) { this.__value = value; }
  Node.prototype = {
    prop(name, value) {
      if (arguments.length === 1) {
        if (!this.hasProp(name)) throw new Error("SPIN/JACKSON-JSON-01004 Unable to find '" + name + "'");
        return new Node(this.__value[name]);
      }
      this.__value[name] = value instanceof Node ? value.__value : value;
      return this;
    },
    hasProp(name) { return this.__value !== null && typeof this.__value === "object" && name in this.__value; },
    elements() { return this.__value.map((one) => new Node(one)); },
    fieldNames() { return Object.keys(this.__value); },
    value() { return this.__value; },
    stringValue() { return String(this.__value); },
    numberValue() { return Number(this.__value); },
    boolValue() { return Boolean(this.__value); },
    isArray() { return Array.isArray(this.__value); },
    isObject() { return this.__value !== null && typeof this.__value === "object" && !Array.isArray(this.__value); },
    isString() { return typeof this.__value === "string"; },
    isNumber() { return typeof this.__value === "number"; },
    isBoolean() { return typeof this.__value === "boolean"; },
    isNull() { return this.__value === null; },
    append(item) { this.__value.push(item instanceof Node ? item.__value : item); return this; },
    remove(name) { Array.isArray(this.__value) ? this.__value.splice(this.__value.indexOf(name), 1) : delete this.__value[name]; return this; },
    toString() { return stringify(this.__value); },
  };
  function S(text) { return new Node(typeof text === "string" ? parse(text) : text); }
  JSON.parse = parse;
  JSON.stringify = (value, ...more) => stringify(value instanceof Node ? value.__value : value, ...more);

  function revive(value) {
    if (Array.isArray(value)) return value.map(revive);
    if (value !== null && typeof value === "object") {
      const names = Object.keys(value);
      if (names.length === 1 && names[0] === "$date") return new Date(value.$date);
      const found = {};
      for (const name of names) found[name] = revive(value[name]);
      return found;
    }
    return value;
  }
  function written(value) {
    if (value === undefined || typeof value === "function") return null;
    if (value instanceof Node) return written(value.__value);
    if (value instanceof Date) return { $date: value.getTime() };
    if (typeof value === "number" && !Number.isFinite(value)) return null;
    if (typeof value === "bigint") return Number(value);
    if (Array.isArray(value)) return value.map(written);
    if (value !== null && typeof value === "object") {
      const found = {};
      for (const name of Object.keys(value)) found[name] = written(value[name]);
      return found;
    }
    return value;
  }

  function bean(name, seen, effects) {
    const variables = revive(seen.variables), local = revive(seen.local), properties = revive(seen.properties);
    const has = (map, key) => Object.prototype.hasOwnProperty.call(map, key);
    const note = (...effect) => effects.push([name, ...effect]);
    const methods = {
      getVariable: (key) => (has(variables, key) ? variables[key] : null),
      getVariableLocal: (key) => (has(local, key) ? local[key] : null),
      hasVariable: (key) => has(variables, key),
      hasVariableLocal: (key) => has(local, key),
      getVariables: () => variables,
      getVariablesLocal: () => local,
      getVariableNames: () => Object.keys(variables),
      setVariable(key, value) { variables[key] = value; note("setVariable", String(key), written(value)); },
      setVariableLocal(key, value) { variables[key] = local[key] = value; note("setVariableLocal", String(key), written(value)); },
      setVariables(map) { for (const key of Object.keys(map)) methods.setVariable(key, map[key]); },
      removeVariable(key) { delete variables[key]; note("removeVariable", String(key)); },
      removeVariableLocal(key) { delete local[key]; note("removeVariableLocal", String(key)); },
    };
    for (const key of Object.keys(properties)) {
      const title = key[0].toUpperCase() + key.slice(1);
      methods["get" + title] = () => properties[key];
      if (name === "task" && ["name", "description", "assignee", "owner", "priority", "dueDate", "followUpDate"].includes(key)) {
        methods["set" + title] = (value) => { properties[key] = value; note("set" + title, written(value)); };
      }
      Object.defineProperty(methods, key, { get: () => properties[key], enumerable: true });
    }
    return methods;
  }

  return function (text) {
    const given = parse(text), effects = [], beans = {};
    for (const name of Object.keys(given.beans)) beans[name] = bean(name, given.beans[name], effects);
    if (beans.task) beans.task.getExecution = () => beans.execution;
    const around = beans.connector || beans.task || beans.execution;
    if (around) for (const [name, value] of Object.entries(around.getVariables())) globalThis[name] = value;
    Object.assign(globalThis, beans, { S, org: { camunda: { bpm: { engine: { delegate: { BpmnError } } } } } });
    const answer = { effects };
    try {
      answer.value = written((0, eval)(given.text));
    } catch (error) {
      if (error instanceof BpmnError) answer.bpmnError = [error.code, error.message];
      else answer.failure = error instanceof Error ? error.name + ": " + error.message : String(error);
      answer.value = null;
    }
    return stringify(answer);
  };
})(JSON.stringify, JSON.parse);
