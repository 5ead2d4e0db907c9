import { compile } from '@matgrad/autograd'
import { Twin, argumentsOf, compareTwins } from '../autograd/test/random-programs.ts'
const r = {"dtype":"float32","rows":1,"cols":1,"otherRows":1,"special":false,"seed":0,"instructions":[{"name":"zeroGrad","a":1,"b":0,"c":0},{"name":"concat","a":0,"b":1,"c":0},{"name":"unary","a":0,"b":0,"c":3},{"name":"backward","a":8,"b":0,"c":0},{"name":"backward","a":0,"b":0,"c":0},{"name":"unary","a":0,"b":0,"c":0}]} as any
const t = new Twin(r), e = new Twin(r)
const g = compile(t.step)
for (let i = 0; i < 4; i++) { g(...argumentsOf(r, i)); e.step(...argumentsOf(r, i)); console.log(t.runs, t.parameters.map(p => p.grad?.item()), e.parameters.map(p => p.grad?.item())) }
console.log(g.program())
console.log(compareTwins(r))
