// What components are made of: Preact 10.29.8 with htm 3.1.1, as published, but that the hooks find Preact here.

import htm from "../vendor/htm.js";
import { useCallback, useRef } from "../vendor/preact-hooks.js";
import { Component, h } from "../vendor/preact.js";

export { createContext, render } from "../vendor/preact.js";
export {
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "../vendor/preact-hooks.js";

export const html = htm.bind(h);

/** A component that is made anew only when one of its properties is another. */
export const memo = (view) =>
  class extends Component {
    shouldComponentUpdate(next) {
      return Object.keys({ ...this.props, ...next }).some((name) => this.props[name] !== next[name]);
    }

    render(props) {
      return view(props);
    }
  };

/** Calls what was given last, and is itself the same for good. */
export function useSteady(action) {
  const latest = useRef(action);
  latest.current = action;
  return useCallback((...given) => latest.current(...given), []);
}
