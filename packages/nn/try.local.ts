import { compile, variable, constant, Variable, noGrad, defineOp, grad } from '@matgrad/autograd'
import * as core from '@matgrad/core'
import { matrix, zeros, Generator, keep, manualSeed, rand, getDefaultGenerator, ones } from '@matgrad/core'
const m = (...r: number[][]) => matrix(r)
const tryit = (name: string, f: () => unknown) => { try { console.log(name, '→', f()) } catch (e) { console.log(name, '✗', (e as Error).name, (e as Error).message.slice(0,300)) } }

tryit('constant changed after use', () => { const fn = (x: core.Matrix) => { const c = zeros(1,2).add(1); const d = c.mul(x); c.assign(x); return d.add(c) }
  const g = compile(fn); g(m([1,2])); return [g(m([10,20])).toArray(), fn(m([10,20])).toArray()] })
tryit('generator inside', () => { const fn = () => new Generator(3).normal(1,2); const g = compile(fn); const a = g().toArray(); return [a, g().toArray(), fn().toArray()] })
tryit('manualSeed inside', () => { const fn = () => { manualSeed(3); return rand(1,2) }; const g = compile(fn); const a = g().toArray(); return [a, g().toArray(), fn().toArray()] })
tryit('inner variable grad retraces', () => { let runs = 0; const g = compile((x: core.Matrix) => { runs++; const v = variable(x); v.square().sum().backward(); return v.grad! }); for (let i=0;i<5;i++) g(m([i, 1])); return [runs, g(m([7,1])).toArray()] })
tryit('keep computed', () => { let v: core.Matrix | null = null; const fn = (x: core.Matrix) => { v ??= keep(x.mul(1)); v.assign(v.mul(0.5).add(x)); return v.mul(1) }; const g = compile(fn); const out = []; for (let i=1;i<4;i++) out.push(g(m([i])).item()); v = null; const w=[]; for (let i=1;i<4;i++) w.push(fn(m([i])).item()); return [out, w] })
tryit('argument is captured too', () => { const run = (c: boolean) => { const p = m([1,2]); const fn = (t: core.Matrix) => { p.assign(p.mul(2)); return t.add(p) }; const g = c ? compile(fn) : fn; return [g(p).toArray(), g(p).toArray(), g(p).toArray()] }; return JSON.stringify([run(true), run(false)]) })
tryit('check before change', () => { const run = (c: boolean) => { const p = m([1,2]); const fn = (t: core.Matrix) => { const y = p.mul(0.5); const a = ones(3,2).gatherRows(t); p.assign(y); return a }; const g = c ? compile(fn) : fn; const out: unknown[] = []; g(m([1])); try { g(m([5])) } catch (e) { out.push((e as Error).message) } ; return [...out, p.toArray()] }; return JSON.stringify([run(true), run(false)]) })
tryit('class instance result', () => { class R { constructor(readonly a: core.Matrix) {} }; const g = compile((x: core.Matrix) => new R(x.add(1))); g(m([1])); return g(m([5])).a.item() })
tryit('Map result', () => { const g = compile((x: core.Matrix) => new Map([['a', x.add(1)]])); g(m([1])); return g(m([5])).get('a')!.item() })
tryit('reentrant', () => { const inner = compile((x: core.Matrix) => x.mul(3).sum().add(1).mul(2)); const w = m([1,2,3]);
  const op = defineOp({ name: 'own', shape: ([a]) => a.shape, forward(out, [a]) { const r = inner(new core.Matrix(a.data as Float32Array, a.rows, a.cols)); out.data.fill(r.item()) }, vjp: [] })
  const fn = (x: core.Matrix) => { const a = x.add(w).exp(); const b = op([x.mul(w)]); return b.add(a) }
  const g = compile(fn); g(m([1,2,3])); inner(m([1,1,1])); return JSON.stringify([g(m([.1,.2,.3])).toArray(), fn(m([.1,.2,.3])).value.toArray()]) })
tryit('item', () => compile((x: core.Matrix) => x.sum().item())(m([1])))
tryit('aliased data', () => { const run = (c: boolean) => { const d = Float32Array.of(1,2,3,4); const a = new core.Matrix(d, 2, 2), b = new core.Matrix(d, 1, 4); const fn = (x: core.Matrix) => { a.assign(a.add(x)); return b.mul(1) }; const g = c ? compile(fn) : fn; g(m([1])); return g(m([1])).toArray() }; return JSON.stringify([run(true), run(false)]) })
tryit('returns captured & param', () => { const p = variable(m([1,2])); const g = compile((x: core.Matrix) => ({ p, v: p.value, s: 'a', n: null, l: [x, 3] })); const r = g(m([1])); const q = g(m([4])); return [r === q, r.p === p, r.v === p.value, JSON.stringify(q.l[0])] })
tryit('async', () => compile(async (x: core.Matrix) => x.add(1))(m([1])))
tryit('array holes / frozen args', () => { const g = compile((o: { a: core.Matrix, n: number, s: string, l: core.Matrix[] }) => o.a.add(o.n).add(o.l[0])); return [g({ a: m([1]), n: 2, s: 'x', l: [m([1])] }).item(), g({ a: m([5]), n: 2, s: 'x', l: [m([1])] }).item(), g({ a: m([5]), n: 3, s: 'x', l: [m([1])] }).item()] })
tryit('Generator.state read', () => { const gen = new Generator(1); const g = compile((x: core.Matrix) => { const s = gen.state; return x.add(s.length) }); return g(m([1])).item() })
tryit('variable requiring grad without origin', () => { const g = compile((v: Variable) => { v.square().sum().backward(); return v.grad! }); const v = variable(m([1,2])); g(v); const w = variable(m([3,4])); return [g(w).toArray(), v.grad!.toArray(), w.grad!.toArray(), g(v).toArray()] })
tryit('linalg', () => compile((x: core.Matrix) => core.linalg.inv(x))(m([1,2],[3,4])))
tryit('write through data', () => { const p = zeros(1,2); return compile((x: core.Matrix) => { p.set(0,0,1); return x.add(p) })(m([1,2])) })
tryit('tostring', () => compile((x: core.Matrix) => `${x}`)(m([1,2])))
tryit('equals', () => compile((x: core.Matrix) => x.equals(x))(m([1,2])))
tryit('argument change', () => compile((x: core.Matrix) => x.assign(x.add(1)))(m([1,2])))
tryit('argument var change', () => compile((x: Variable) => x.value.assign(x.value.add(1)))(constant(m([1,2]))))
tryit('nested compile', () => { let runs = 0; const inner = compile((x: core.Matrix) => { runs++; return x.mul(2) }); const outer = compile((x: core.Matrix) => inner(inner(x)).add(1)); outer(m([1])); return [outer(m([5])).item(), runs] })
tryit('grad through compiled', () => { const f = compile((x: Variable) => x.square().sum()); return [grad((x: Variable) => f(x))(m([3])).item(), f(constant(m([4]))).item(), grad((x: Variable) => f(x))(m([5])).item()] })
