/** The port with some of its methods replaced; the others are called on the port itself. */
export function overridden<P extends object>(port: P, methods: Partial<P>): P {
  const known = new Map<string | symbol, unknown>();
  return new Proxy(port, {
    get(target, name) {
      const bound = known.get(name);
      if (bound !== undefined) return bound;
      const method = Reflect.get(name in methods ? methods : target, name);
      if (typeof method !== "function") return method;
      const call = name in methods ? method : method.bind(target);
      known.set(name, call);
      return call;
    },
  });
}
