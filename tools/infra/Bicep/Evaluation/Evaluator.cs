using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Dapr.Voice.Infra.Bicep.Checking;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>
/// Expressions to values. A value that only the deployment knows is a <see cref="BicepRuntime"/>, and whatever is made from one is one again, with everything it
/// came from. A mistake is reported once and goes on as a runtime value, so that one mistake is one finding. Work, size and depth are bounded.
/// </summary>
internal sealed class Evaluator(ProgramLoader loader)
{
    /// <summary>Steps of one deployment: our largest plan takes a few 10,000, and a loop over loops must still end.</summary>
    public const long MaximumWork = 5_000_000;

    /// <summary>Characters of one string; a template may have 4 MB in all.</summary>
    public const int MaximumString = 1 << 20;

    /// <summary>Values inside of one value: shared parts count each time they are seen.</summary>
    public const long MaximumSize = 500_000;

    /// <summary>Evaluations inside of evaluations, symbols of symbols included.</summary>
    public const int MaximumDepth = 600;

    public const int MaximumFindings = 500;

    private readonly HashSet<Finding> _seen = [];
    private readonly List<Finding> _findings = [];
    private long _work;
    private int _depth;

    /// <summary>What the evaluation at hand touches.</summary>
    private Dependencies _touched = new();

    public IReadOnlyList<Finding> Findings => _findings;

    public Expander Expander { get; set; } = null!;

    /// <summary>Ends the evaluation of one expression with a finding.</summary>
    internal sealed class EvaluationException(SourceSpan where, string rule, string message) : Exception(message)
    {
        public SourceSpan Where => where;

        public string Rule => rule;
    }

    /// <summary>Ends the whole evaluation: nothing on the way up may go on with the next item.</summary>
    internal sealed class ExhaustedException(SourceSpan where) : Exception($"The evaluation takes more than {MaximumWork} steps.")
    {
        public SourceSpan Where => where;
    }

    public void Report(SourceSpan where, string rule, string message, Severity severity = Severity.Error)
    {
        var finding = Finding.At(where, rule, severity, message);
        if (_findings.Count < MaximumFindings && _seen.Add(finding)) _findings.Add(finding);
    }

    /// <summary>Runs with a list of its own for what it touches.</summary>
    public T Touching<T>(Dependencies needs, Func<T> evaluate)
    {
        var outer = _touched;
        _touched = needs;
        try
        {
            return evaluate();
        }
        finally
        {
            _touched = outer;
        }
    }

    public void Touch(string key) => _touched.Add(key);

    public void Touch(Dependencies needs) => _touched.Add(needs);

    public void Work(SourceSpan where, long steps)
    {
        if ((_work += 1 + steps) > MaximumWork) throw new ExhaustedException(where);
    }

    public BicepString Bounded(SourceSpan where, long length, Func<string> make)
    {
        if (length > MaximumString) throw new EvaluationException(where, Rules.Limit, $"A string of more than {MaximumString} characters.");
        Work(where, length / 64);
        string text = make();
        return text.Length <= MaximumString ? new BicepString(where, text) : throw new EvaluationException(where, Rules.Limit, $"A string of more than {MaximumString} characters.");
    }

    // ---- values in words ----

    public static string Describe(BicepValue value) => value switch
    {
        BicepString => "a string",
        BicepInteger or BicepNumber => "a number",
        BicepBoolean => "a bool",
        BicepArray or SymbolValue.OfResources or SymbolValue.OfModules => "an array",
        BicepObject => "an object",
        BicepNull => "null",
        SymbolValue.OfLambda => "a lambda",
        SymbolValue.OfResource => "a resource",
        SymbolValue.OfModule => "a module",
        _ => "a value of the deployment",
    };

    /// <summary>As string() and interpolation write it. A bool is written with a capital, as ARM does.</summary>
    public static string Display(BicepValue value) => value switch
    {
        BicepString text => text.Value,
        BicepInteger number => number.Value.ToString(CultureInfo.InvariantCulture),
        BicepNumber number => number.Value.ToString(CultureInfo.InvariantCulture),
        BicepBoolean truth => truth.Value ? "True" : "False",
        BicepNull => "",
        _ => value.ToString(),
    };

    /// <summary>As a part of a runtime value's text.</summary>
    public static string TextOf(BicepValue value) => value switch
    {
        BicepString text => $"'{(text.Value.Length > 200 ? text.Value[..200] + "…" : text.Value)}'",
        BicepRuntime runtime => runtime.Text,
        SymbolValue.OfResource resource => resource.Instance.Key,
        SymbolValue.OfModule module => module.Call.Path,
        SymbolValue.OfLambda => "=>",
        SymbolValue => "…",
        BicepArray or BicepObject => value.Weight <= 20 && value.ToString() is { Length: <= 200 } shortText ? shortText : value is BicepArray ? "[…]" : "{…}",
        _ => value.ToString(),
    };

    public static string? SecretIn(BicepValue value)
    {
        if (value.SecretSource is not null) return value.SecretSource;
        return value switch
        {
            BicepArray array => array.Items.Select(SecretIn).FirstOrDefault(s => s is not null),
            BicepObject map => map.Properties.Select(p => SecretIn(p.Value)).FirstOrDefault(s => s is not null),
            _ => null,
        };
    }

    private static IEnumerable<RuntimeReference> ReferencesIn(BicepValue value) => value switch
    {
        BicepRuntime runtime => runtime.References,
        BicepArray array => array.Items.SelectMany(ReferencesIn),
        BicepObject map => map.Properties.SelectMany(p => ReferencesIn(p.Value)),
        SymbolValue.OfResource resource => [new RuntimeReference(resource.Instance.Key, "")],
        _ => [],
    };

    /// <summary>A runtime value that is made from others: with all they refer to, and secret if one of them is.</summary>
    public BicepRuntime Combine(SourceSpan where, BicepTypeHint hint, string text, IReadOnlyList<BicepValue> from)
        => new(where, hint, text.Length > 2000 ? text[..2000] + "…" : text)
        {
            References = [.. from.SelectMany(ReferencesIn).Distinct()],
            SecretSource = from.Select(SecretIn).FirstOrDefault(s => s is not null),
        };

    /// <summary>A known value that is made from others, secret if one of them is.</summary>
    public BicepValue Combine(BicepValue value, IReadOnlyList<BicepValue> from)
        => value.IsSecret || from.Select(SecretIn).FirstOrDefault(s => s is not null) is not { } secret ? value : value with { SecretSource = secret };

    /// <summary>A value as templates have them: resources and modules become runtime values.</summary>
    public BicepValue Plain(BicepValue value) => value switch
    {
        SymbolValue.OfResource resource => new BicepRuntime(value.Where, BicepTypeHint.Object, resource.Instance.Key) { References = [new RuntimeReference(resource.Instance.Key, "")] },
        SymbolValue.OfResources all => new BicepArray(value.Where, [.. all.Instances.Select(i => Plain(new SymbolValue.OfResource(value.Where, i)))]),
        SymbolValue.OfScope scope => scope.Properties,
        SymbolValue.OfModule module => new BicepRuntime(value.Where, BicepTypeHint.Object, module.Call.Path),
        SymbolValue.OutputsOf outputs => new BicepRuntime(value.Where, BicepTypeHint.Object, outputs.Call.Path + ".outputs"),
        SymbolValue => SymbolValue.Broken(value.Where),
        BicepArray array when array.Items.Any(NeedsPlain) => array with { Items = [.. array.Items.Select(Plain)] },
        BicepObject map when map.Properties.Any(p => NeedsPlain(p.Value)) => map with { Properties = [.. map.Properties.Select(p => p with { Value = Plain(p.Value) })] },
        _ => value,
    };

    private static bool NeedsPlain(BicepValue value) => value switch
    {
        SymbolValue => true,
        BicepArray array => array.Items.Any(NeedsPlain),
        BicepObject map => map.Properties.Any(p => NeedsPlain(p.Value)),
        _ => false,
    };

    // ---- expressions ----

    /// <summary>Never throws: what can't be evaluated is reported and gives a runtime value.</summary>
    public BicepValue Evaluate(Expression expression, Frame frame)
    {
        if (_depth >= MaximumDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            Report(expression.Where, Rules.Limit, $"Evaluations nest deeper than {MaximumDepth} levels.");
            return SymbolValue.Broken(expression.Where);
        }
        _depth++;
        try
        {
            Work(expression.Where, 0);
            var value = Read(expression, frame);
            if (value.Weight > MaximumSize || value.Levels > MaximumDepth) throw new EvaluationException(expression.Where, Rules.Limit, $"A value of more than {MaximumSize} parts, or nested deeper than {MaximumDepth}.");
            return value;
        }
        catch (EvaluationException problem)
        {
            Report(problem.Where, problem.Rule, problem.Message);
            return SymbolValue.Broken(expression.Where);
        }
        finally
        {
            _depth--;
        }
    }

    private BicepValue Read(Expression expression, Frame frame)
    {
        switch (expression)
        {
            case Expression.String { Literal: { } text }: return new BicepString(expression.Where, text);
            case Expression.String text: return Interpolate(text, frame);
            case Expression.Integer number: return new BicepInteger(expression.Where, number.Value);
            case Expression.Boolean truth: return new BicepBoolean(expression.Where, truth.Value);
            case Expression.Null: return new BicepNull(expression.Where);
            case Expression.Parenthesized inner: return Evaluate(inner.Inner, frame);
            case Expression.NonNull present: return Evaluate(present.Target, frame);
            case Expression.Name name: return Named(name, frame);
            case Expression.Unary unary: return Unary(unary, frame);
            case Expression.Binary binary: return Binary(binary, frame);
            case Expression.Ternary ternary: return Ternary(ternary, frame);
            case Expression.Lambda lambda: return new SymbolValue.OfLambda(expression.Where, lambda, frame);
            case Expression.Array array: return new BicepArray(expression.Where, Items(array, frame));
            case Expression.Object map: return Object(map, frame, _ => true);
            case Expression.For loop: return Loop(loop, frame);
            case Expression.Property { Target: Expression.Name { Text: "sys" or "az" } space } when !frame.TryFind(space.Text, out _) && !frame.Module.File.Symbols.ContainsKey(space.Text): return SymbolValue.Broken(expression.Where);
            case Expression.Property property: return Chain(property, frame).Value;
            case Expression.Indexed indexed: return Chain(indexed, frame).Value;
            case Expression.Nested nested: return Nested(nested, frame);
            case Expression.Call call: return Call(call, frame);
            default: return SymbolValue.Broken(expression.Where);
        }
    }

    private BicepValue Interpolate(Expression.String text, Frame frame)
    {
        List<BicepValue> values = [.. text.Holes.Select(h => Plain(Evaluate(h, frame)))];
        if (values.All(v => v.IsKnown))
        {
            long length = text.Segments.Sum(s => (long)s.Length) + values.Sum(v => (long)Display(v).Length);
            var whole = Bounded(text.Where, length, () => text.Segments[0] + string.Concat(values.Select((v, i) => Display(v) + text.Segments[i + 1])));
            return Combine(whole, values);
        }
        List<BicepValue> parts = [];
        void Add(BicepValue part)
        {
            if (part is BicepString { Value: "" }) return;
            if (part is BicepString next && parts is [.., BicepString last]) parts[^1] = last with { Value = last.Value + next.Value, SecretSource = last.SecretSource ?? next.SecretSource };
            else parts.Add(part);
        }
        Add(new BicepString(text.Where, text.Segments[0]));
        for (int i = 0; i < values.Count; i++)
        {
            // Within a string the pieces of another one are pieces of this one.
            if (values[i] is BicepRuntime { Parts.Count: > 0 } inner)
            {
                foreach (var part in inner.Parts) Add(part);
            }
            else
            {
                Add(values[i].IsKnown ? Combine(new BicepString(values[i].Where, Display(values[i])), [values[i]]) : values[i]);
            }
            Add(new BicepString(text.Where, text.Segments[i + 1]));
        }
        string readable = "'" + string.Concat(parts.Select(p => p is BicepString s ? s.Value : $"${{{TextOf(p)}}}")) + "'";
        return Combine(text.Where, BicepTypeHint.String, readable, values) with { Parts = parts };
    }

    private BicepValue Named(Expression.Name name, Frame frame)
    {
        if (frame.TryFind(name.Text, out var local)) return local();
        return Expander.Symbol(frame.Module, name.Text, name.Where);
    }

    private BicepValue Unary(Expression.Unary unary, Frame frame)
    {
        var operand = Evaluate(unary.Operand, frame);
        return (unary.Operator, operand) switch
        {
            (TokenKind.Bang, BicepBoolean truth) => Combine(new BicepBoolean(unary.Where, !truth.Value), [operand]),
            (TokenKind.Bang, BicepRuntime) => Combine(unary.Where, BicepTypeHint.Boolean, "!" + TextOf(operand), [operand]),
            (TokenKind.Minus, BicepInteger number) => Combine(new BicepInteger(unary.Where, unchecked(-number.Value)), [operand]),
            (TokenKind.Minus, BicepRuntime) => Combine(unary.Where, BicepTypeHint.Integer, "-" + TextOf(operand), [operand]),
            _ => throw new EvaluationException(unary.Where, "BCP044", $"This operator does not fit {Describe(operand)}."),
        };
    }

    private static readonly Dictionary<TokenKind, string> Signs = new()
    {
        [TokenKind.Plus] = "+", [TokenKind.Minus] = "-", [TokenKind.Star] = "*", [TokenKind.Slash] = "/", [TokenKind.Percent] = "%",
        [TokenKind.Less] = "<", [TokenKind.LessOrEqual] = "<=", [TokenKind.Greater] = ">", [TokenKind.GreaterOrEqual] = ">=",
        [TokenKind.Equal] = "==", [TokenKind.NotEqual] = "!=", [TokenKind.EqualIgnoringCase] = "=~", [TokenKind.NotEqualIgnoringCase] = "!~",
        [TokenKind.And] = "&&", [TokenKind.Or] = "||", [TokenKind.DoubleQuestion] = "??",
    };

    private BicepValue Binary(Expression.Binary binary, Frame frame)
    {
        var left = Evaluate(binary.Left, frame);
        bool Decides(BicepValue side) => (binary.Operator, side) is (TokenKind.And, BicepBoolean { Value: false }) or (TokenKind.Or, BicepBoolean { Value: true });
        if (Decides(left)) return new BicepBoolean(binary.Where, binary.Operator == TokenKind.Or) { SecretSource = left.SecretSource };
        if (binary.Operator == TokenKind.DoubleQuestion && left is not BicepNull and not BicepRuntime) return left;
        var right = Evaluate(binary.Right, frame);
        if (binary.Operator == TokenKind.DoubleQuestion && left is BicepNull) return right;
        if (Decides(right)) return new BicepBoolean(binary.Where, binary.Operator == TokenKind.Or) { SecretSource = right.SecretSource };
        BicepValue[] sides = [left, right];
        bool isEquality = binary.Operator is TokenKind.Equal or TokenKind.NotEqual;
        if (isEquality && left is not SymbolValue && left.SameAs(right) && !(left is BicepRuntime { Text: "?" })) return Combine(new BicepBoolean(binary.Where, binary.Operator == TokenKind.Equal), sides);
        if (sides.Any(s => s is BicepRuntime or SymbolValue || (isEquality && !s.IsKnown)))
        {
            var hint = binary.Operator switch
            {
                TokenKind.Plus or TokenKind.Minus or TokenKind.Star or TokenKind.Slash or TokenKind.Percent => BicepTypeHint.Integer,
                TokenKind.DoubleQuestion => right.Type,
                _ => BicepTypeHint.Boolean,
            };
            return Combine(binary.Where, hint, $"{TextOf(left)} {Signs[binary.Operator]} {TextOf(right)}", sides);
        }
        return Combine(Known(binary, left, right), sides);
    }

    private static BicepValue Known(Expression.Binary binary, BicepValue left, BicepValue right)
    {
        var where = binary.Where;
        EvaluationException Unfit() => new(where, "BCP045", $"Operator '{Signs[binary.Operator]}' does not fit {Describe(left)} and {Describe(right)}.");
        BicepBoolean Truth(bool value) => new(where, value);
        switch (binary.Operator)
        {
            case TokenKind.Equal: return Truth(false);
            case TokenKind.NotEqual: return Truth(true);
            case TokenKind.EqualIgnoringCase or TokenKind.NotEqualIgnoringCase:
                if (left is not BicepString a || right is not BicepString b) throw Unfit();
                return Truth(string.Equals(a.Value, b.Value, StringComparison.OrdinalIgnoreCase) == (binary.Operator == TokenKind.EqualIgnoringCase));
            case TokenKind.And or TokenKind.Or:
                // What decides alone is decided; so both are booleans that don't, or it is a mistake.
                if (left is not BicepBoolean || right is not BicepBoolean) throw Unfit();
                return Truth(binary.Operator == TokenKind.And);
            case TokenKind.Less or TokenKind.LessOrEqual or TokenKind.Greater or TokenKind.GreaterOrEqual:
                int order = (left, right) switch
                {
                    (BicepInteger x, BicepInteger y) => x.Value.CompareTo(y.Value),
                    (BicepString x, BicepString y) => string.CompareOrdinal(x.Value, y.Value),
                    _ => throw Unfit(),
                };
                return Truth(binary.Operator switch { TokenKind.Less => order < 0, TokenKind.LessOrEqual => order <= 0, TokenKind.Greater => order > 0, _ => order >= 0 });
        }
        if (left is not BicepInteger m || right is not BicepInteger n) throw Unfit();
        try
        {
            return new BicepInteger(where, binary.Operator switch
            {
                TokenKind.Plus => checked(m.Value + n.Value),
                TokenKind.Minus => checked(m.Value - n.Value),
                TokenKind.Star => checked(m.Value * n.Value),
                TokenKind.Slash => m.Value / n.Value,
                TokenKind.Percent => n.Value == -1 ? 0 : m.Value % n.Value,
                _ => throw Unfit(),
            });
        }
        catch (ArithmeticException)
        {
            throw new EvaluationException(where, "BCP045", n.Value == 0 ? "Division by zero." : "The result does not fit 64 bits.");
        }
    }

    private BicepValue Ternary(Expression.Ternary ternary, Frame frame)
    {
        var condition = Evaluate(ternary.Condition, frame);
        switch (condition)
        {
            case BicepBoolean truth: return Evaluate(truth.Value ? ternary.True : ternary.False, frame);
            case BicepRuntime:
                var (a, b) = (Plain(Evaluate(ternary.True, frame)), Plain(Evaluate(ternary.False, frame)));
                if (a.SameAs(b)) return a;
                return Combine(ternary.Where, a.Type == b.Type ? a.Type : BicepTypeHint.Any, $"{TextOf(condition)} ? {TextOf(a)} : {TextOf(b)}", [a, b]);
            default: throw new EvaluationException(ternary.Condition.Where, "BCP046", $"The condition must be a bool, not {Describe(condition)}.");
        }
    }

    private List<BicepValue> Items(Expression.Array array, Frame frame)
    {
        List<BicepValue> items = [];
        foreach (var item in array.Items)
        {
            if (item is not Expression.Spread spread)
            {
                items.Add(Evaluate(item, frame));
                continue;
            }
            switch (Evaluate(spread.Value, frame))
            {
                case BicepArray inner: items.AddRange(inner.Items); break;
                case BicepRuntime runtime: throw new EvaluationException(item.Where, Rules.NotSupported, $"Spreading '{runtime.Text}', which only the deployment knows, is not supported by our reader.");
                case var other: throw new EvaluationException(item.Where, "BCP397", $"Only an array can be spread here, not {Describe(other)}.");
            }
            Work(item.Where, items.Count);
        }
        return items;
    }

    /// <summary>An object literal, without the properties that <paramref name="wanted"/> refuses by name.</summary>
    public BicepObject Object(Expression.Object map, Frame frame, Func<string, bool> wanted)
    {
        List<BicepProperty> properties = [];
        void Set(BicepProperty property)
        {
            int at = properties.FindIndex(p => string.Equals(p.Name, property.Name, StringComparison.OrdinalIgnoreCase));
            if (at < 0) properties.Add(property);
            else properties[at] = property;
        }
        foreach (var property in map.Properties)
        {
            if (property.Value is Expression.Spread spread)
            {
                switch (Evaluate(spread.Value, frame))
                {
                    case BicepObject inner:
                        foreach (var each in inner.Properties) Set(each);
                        break;
                    case BicepNull: break;
                    case BicepRuntime runtime:
                        Report(property.Where, Rules.NotSupported, $"Spreading '{runtime.Text}', which only the deployment knows, is not supported by our reader.");
                        break;
                    case var other:
                        Report(property.Where, "BCP397", $"Only an object can be spread here, not {Describe(other)}.");
                        break;
                }
                continue;
            }
            if (property.Key is not { } key || (key.Literal is { } literal && !wanted(literal))) continue;
            string name = key.Literal ?? (Evaluate(key, frame) switch { BicepString text => text.Value, BicepRuntime runtime => $"[{runtime.Text}]", _ => "?" });
            Work(property.Where, properties.Count / 16);
            Set(new BicepProperty(name, Evaluate(property.Value, frame), property.Where));
        }
        return new BicepObject(map.Where, properties);
    }

    private BicepValue Loop(Expression.For loop, Frame frame)
    {
        var source = Evaluate(loop.Source, frame);
        if (Rounds(loop, source, frame) is not { } rounds) return Combine(loop.Where, BicepTypeHint.Array, $"[for {loop.Item.Name} in {TextOf(source)}]", [source]);
        return new BicepArray(loop.Where, [.. rounds.Select(r => Evaluate(loop.Body, r))]);
    }

    /// <summary>A frame for each round, or null where the deployment alone knows how many there are.</summary>
    public List<Frame>? Rounds(Expression.For loop, BicepValue source, Frame frame)
    {
        if (source is BicepRuntime) return null;
        IReadOnlyList<BicepValue> items = source switch
        {
            BicepArray array => array.Items,
            SymbolValue.OfResources all => [.. all.Instances.Select(i => new SymbolValue.OfResource(loop.Where, i))],
            _ => throw new EvaluationException(loop.Source.Where, "BCP137", $"A loop runs over an array, not over {Describe(source)}."),
        };
        List<Frame> rounds = [];
        for (int i = 0; i < items.Count; i++)
        {
            var round = frame.With(loop.Item.Name, source.IsSecret ? Combine(items[i], [source]) : items[i]);
            if (loop.Index is { } index) round = round.With(index.Name, new BicepInteger(index.Where, i));
            rounds.Add(round);
        }
        return rounds;
    }

    // ---- members ----

    /// <summary>A chain of members; after a safe step that finds nothing the rest of the chain is skipped and the whole is null.</summary>
    private (BicepValue Value, bool IsCut) Chain(Expression expression, Frame frame)
    {
        switch (expression)
        {
            case Expression.Property property:
            {
                var (target, isCut) = Chain(property.Target, frame);
                if (isCut) return (target, true);
                var value = Member(target, property.Member, property.IsSafe, property.Where, property.MemberWhere);
                return (value, property.IsSafe && value is BicepNull);
            }
            case Expression.Indexed indexed:
            {
                var (target, isCut) = Chain(indexed.Target, frame);
                if (isCut) return (target, true);
                var value = Element(target, Evaluate(indexed.At, frame), indexed);
                return (value, indexed.IsSafe && value is BicepNull);
            }
            case Expression.NonNull present: return Chain(present.Target, frame);
            default: return (Evaluate(expression, frame), false);
        }
    }

    private BicepValue Member(BicepValue target, string name, bool isSafe, SourceSpan where, SourceSpan nameWhere)
    {
        switch (target)
        {
            case BicepRuntime runtime:
                return Extended(runtime, "." + name, where);
            case SymbolValue.OfResource resource:
                return Expander.Member(resource.Instance, name, isSafe, where, nameWhere);
            case SymbolValue.OfModule module:
                if (name == "name") return module.Call.Name;
                if (name != "outputs") throw new EvaluationException(nameWhere, "BCP053", $"A module has 'name' and 'outputs', not '{name}'.");
                if (!module.Call.IsDeployed)
                {
                    if (isSafe) return new BicepNull(where);
                    throw new EvaluationException(where, "not-deployed", $"Module '{module.Call.Path}' is not deployed (its condition is false), so reading its outputs fails.");
                }
                return new SymbolValue.OutputsOf(where, module.Call);
            case SymbolValue.OutputsOf outputs:
                return Expander.Output(outputs.Call, name, where, nameWhere);
            case SymbolValue.OfScope scope:
                return Member(scope.Properties, name, isSafe, where, nameWhere);
            case SymbolValue.OfImport import:
                return Expander.ImportedMember(import.File, name, where);
            case BicepObject map:
                if (map[name] is { } found) return Combine(found, map.IsSecret ? [map] : []);
                if (isSafe) return new BicepNull(where);
                throw new EvaluationException(nameWhere, "BCP053", $"The object has no property '{name}'.{Suggest.Text(name, map.Properties.Select(p => p.Name))}");
            case BicepNull when isSafe:
                return new BicepNull(where);
            case BicepNull:
                throw new EvaluationException(nameWhere, "null-dereference", $"'{name}' is asked of null. Use '.?' if it may be missing.");
            default:
                throw new EvaluationException(nameWhere, "BCP055", $"{Describe(target)} has no property '{name}'.");
        }
    }

    private static BicepRuntime Extended(BicepRuntime runtime, string step, SourceSpan where)
    {
        if (runtime.Text == "?") return runtime;
        bool isPlainReference = runtime.References is [var only] && runtime.Parts.Count == 0 && (runtime.Text == only.Resource || runtime.Text == $"{only.Resource}.{only.Path}");
        string secret = SecretProperties.Contains(step.TrimStart('.')) ? $"property '{step.TrimStart('.')}' of '{runtime.Text}'" : "";
        return new BicepRuntime(where, BicepTypeHint.Any, runtime.Text + step)
        {
            References = isPlainReference ? [runtime.References[0] with { Path = (runtime.References[0].Path + step).TrimStart('.') }] : runtime.References,
            SecretSource = runtime.SecretSource ?? (secret.Length > 0 ? secret : null),
        };
    }

    /// <summary>Properties that resource providers hand out and that open something.</summary>
    public static readonly IReadOnlySet<string> SecretProperties = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        "primaryKey", "secondaryKey", "primaryConnectionString", "secondaryConnectionString", "primarySharedKey", "secondarySharedKey", "primaryMasterKey", "secondaryMasterKey", "adminPassword", "sharedKey", "accessKey", "clientSecret",
    };

    private BicepValue Element(BicepValue target, BicepValue at, Expression.Indexed indexed)
    {
        if (at is BicepRuntime || target is BicepRuntime)
        {
            if (target is BicepRuntime runtime && at.IsKnown) return Extended(runtime, at is BicepString key ? $".{key.Value}" : $"[{(indexed.FromEnd ? "^" : "")}{Display(at)}]", indexed.Where);
            if (target is SymbolValue) throw new EvaluationException(indexed.At.Where, "BCP120", "Which one is meant must be known at the start of the deployment.");
            return Combine(indexed.Where, BicepTypeHint.Any, $"{TextOf(target)}[{TextOf(at)}]", [target, at]);
        }
        switch (target, at)
        {
            case (BicepObject or SymbolValue.OfScope or SymbolValue.OfModule or SymbolValue.OutputsOf or SymbolValue.OfResource, BicepString name):
                return Member(target, name.Value, indexed.IsSafe, indexed.Where, indexed.At.Where);
            case (BicepArray array, BicepInteger):
                return Pick(array.Items.Count, i => Combine(array.Items[i], array.IsSecret ? [array] : []));
            case (SymbolValue.OfResources resources, BicepInteger):
                return Pick(resources.Instances.Count, i => new SymbolValue.OfResource(indexed.Where, resources.Instances[i]));
            case (SymbolValue.OfModules modules, BicepInteger):
                return Pick(modules.Calls.Count, i => new SymbolValue.OfModule(indexed.Where, modules.Calls[i]));
            case (BicepNull, _) when indexed.IsSafe:
                return new BicepNull(indexed.Where);
            default:
                throw new EvaluationException(indexed.At.Where, "BCP076", $"{Describe(target)} can't be indexed by {Describe(at)}.");
        }

        BicepValue Pick(int count, Func<int, BicepValue> pick)
        {
            long index = ((BicepInteger)at).Value;
            if (indexed.FromEnd) index = count - index;
            if (index >= 0 && index < count) return pick((int)index);
            if (indexed.IsSafe) return new BicepNull(indexed.Where);
            throw new EvaluationException(indexed.At.Where, "index-out-of-range", $"There is no element {((BicepInteger)at).Value}: the array has {count}.");
        }
    }

    private BicepValue Nested(Expression.Nested nested, Frame frame)
    {
        var target = Evaluate(nested.Target, frame);
        if (target is BicepRuntime) return target;
        if (target is not SymbolValue.OfResource parent) throw new EvaluationException(nested.MemberWhere, "BCP159", "'::' leads to a nested resource.");
        return Expander.NestedOf(parent.Instance, nested.Member, nested.MemberWhere);
    }

    // ---- calls ----

    private BicepValue Call(Expression.Call call, Frame frame)
    {
        if (call.Target is { } target && !(target is Expression.Name { Text: "sys" or "az" } space && !frame.TryFind(space.Text, out _) && !frame.Module.File.Symbols.ContainsKey(space.Text)))
        {
            return CallOnTarget(call, target, frame);
        }
        if (call.Target is null && Expander.FunctionOf(frame.Module, call.Function) is var (file, declared)) return CallDeclared(call, file, declared, frame);
        if (FunctionTable.Find(call.Function) is not { } function)
        {
            throw FunctionTable.NotSupported.Contains(call.Function) || call.Function.StartsWith("list", StringComparison.Ordinal)
                ? new EvaluationException(call.FunctionWhere, Rules.NotSupported, $"{call.Function}() is not supported by our reader{(call.Function.StartsWith("list", StringComparison.Ordinal) ? "; call it on the resource: symbol.listKeys()" : "")}.")
                : new EvaluationException(call.FunctionWhere, "BCP057", $"There is no function '{call.Function}'.{Suggest.Text(call.Function, FunctionTable.Names)}");
        }
        if (call.Arguments.Count < function.Required || (!function.IsVariadic && call.Arguments.Count > function.Parameters.Count))
            throw new EvaluationException(call.FunctionWhere, "BCP071", $"{function.Name}() takes {Arity(function)} arguments, not {call.Arguments.Count}.");
        if (function.Name == "nameof") return new BicepString(call.Where, NameOf(call.Arguments[0]));
        List<BicepValue> arguments = [];
        foreach (var argument in call.Arguments)
        {
            var value = Evaluate(argument, frame);
            arguments.Add(value is SymbolValue.OfLambda || function.Name is "map" or "filter" or "first" or "last" or "length" or "any" or "toObject" or "reduce" ? Listed(value) : Plain(value));
        }
        var context = new FunctionCall(this, frame, call, arguments);
        // An array or object with runtime parts is known at its top; a function over its text is not.
        bool isRuntime = !function.SeesRuntime && arguments.Any(a => a is BicepRuntime || (a is not SymbolValue && !a.IsKnown && function.Result([.. arguments.Select(_ => BicepType.Anything)]) is BicepType.String));
        if (isRuntime && function.Name is "concat" or "union") isRuntime = arguments.Any(a => a is BicepRuntime);
        if (function.Name == "join") isRuntime = arguments.Any(a => a is BicepRuntime);
        if (isRuntime && function.Name == "empty" && IsAnswer(arguments[0])) return new BicepBoolean(call.Where, false);
        if (isRuntime) return context.Runtime(HintOf(function, arguments)) with { Parts = function.Name == "base64" ? arguments : [] };
        Work(call.Where, arguments.Sum(a => a is BicepArray list ? list.Items.Count : 0));
        return Combine(function.Evaluate(context), ChoosesParts(function) ? [.. arguments.Where(a => a.IsSecret)] : arguments);
    }

    /// <summary>A text that a service of this deployment answers with (an address, an id): it is not known yet, and it is not empty.</summary>
    private static bool IsAnswer(BicepValue value) => value is BicepRuntime { TypeHint: not (BicepTypeHint.Array or BicepTypeHint.Object), References: [var only] } answer && answer.Text == $"{only.Resource}.{only.Path}";

    /// <summary>The result holds parts of the arguments, which carry their own secrecy.</summary>
    private static bool ChoosesParts(Function function)
        => function.Name is "concat" or "union" or "map" or "filter" or "flatten" or "first" or "last" or "skip" or "take" or "items" or "toObject" or "shallowMerge" or "any" or "array" or "reduce" or "mapValues" or "groupBy" or "length" or "empty" or "objectKeys" or "contains" or "intersection";

    private static BicepValue Listed(BicepValue value) => value switch
    {
        SymbolValue.OfResources all => new BicepArray(value.Where, [.. all.Instances.Select(i => new SymbolValue.OfResource(value.Where, i))]),
        SymbolValue.OfModules all => new BicepArray(value.Where, [.. all.Calls.Select(c => new SymbolValue.OfModule(value.Where, c))]),
        _ => value,
    };

    private static BicepTypeHint HintOf(Function function, IReadOnlyList<BicepValue> arguments)
        => function.Result([.. arguments.Select(a => a.Type switch
        {
            BicepTypeHint.String => BicepType.Text,
            BicepTypeHint.Integer => BicepType.Number,
            BicepTypeHint.Boolean => BicepType.Truth,
            BicepTypeHint.Array => BicepType.List,
            BicepTypeHint.Object => BicepType.Map,
            _ => BicepType.Anything,
        })]).Hint;

    public static string Arity(Function function)
        => function.IsVariadic ? $"{function.Required} or more" : function.Required == function.Parameters.Count ? $"{function.Required}" : $"{function.Required} to {function.Parameters.Count}";

    private static string NameOf(Expression expression) => expression switch
    {
        Expression.Name name => name.Text,
        Expression.Property property => property.Member,
        Expression.Parenthesized inner => NameOf(inner.Inner),
        Expression.NonNull present => NameOf(present.Target),
        Expression.Nested nested => nested.Member,
        Expression.Indexed { At: Expression.String { Literal: { } key } } => key,
        _ => throw new EvaluationException(expression.Where, "BCP408", "nameof() takes a name or a property."),
    };

    private BicepValue CallOnTarget(Expression.Call call, Expression target, Frame frame)
    {
        var on = Evaluate(target, frame);
        var arguments = call.Arguments.Select(a => Plain(Evaluate(a, frame))).ToList();
        switch (on)
        {
            case BicepRuntime:
                return on;
            case SymbolValue.OfImport import when Expander.FunctionOf(import.File, call.Function) is var (file, declared):
                return CallDeclared(call, file, declared, frame);
            case SymbolValue.OfResource { Instance: var resource } when call.Function.StartsWith("list", StringComparison.Ordinal) || call.Function == "getSecret":
                string text = $"{call.Function}({string.Join(", ", arguments.Select(TextOf))})";
                return new BicepRuntime(call.Where, call.Function == "getSecret" ? BicepTypeHint.String : BicepTypeHint.Object, $"{resource.Key}.{text}")
                {
                    References = [new RuntimeReference(resource.Key, text)],
                    SecretSource = $"{call.Function}() of '{resource.Key}'",
                };
            default:
                throw new EvaluationException(call.FunctionWhere, "BCP109", $"{Describe(on)} has no function '{call.Function}'.");
        }
    }

    private BicepValue CallDeclared(Expression.Call call, FileModel file, Declaration.Function declared, Frame frame)
    {
        if (call.Arguments.Count != declared.Parameters.Count) throw new EvaluationException(call.FunctionWhere, "BCP071", $"{declared.Name}() takes {declared.Parameters.Count} arguments, not {call.Arguments.Count}.");
        // A function sees its parameters and what its file declares, not who calls it.
        var home = frame.Module.File == file ? frame.Module : Expander.ForImports(file);
        var inside = home.Root;
        for (int i = 0; i < declared.Parameters.Count; i++) inside = inside.With(declared.Parameters[i].Name, Evaluate(call.Arguments[i], frame));
        return Evaluate(declared.Body, inside);
    }

    public BicepValue Invoke(SymbolValue.OfLambda lambda, ReadOnlySpan<BicepValue> values)
    {
        var parameters = lambda.Lambda.Parameters;
        if (parameters.Count != values.Length) throw new EvaluationException(lambda.Where, "BCP070", $"The lambda takes {parameters.Count} parameters where it gets {values.Length}.");
        var frame = lambda.Frame;
        for (int i = 0; i < parameters.Count; i++) frame = frame.With(parameters[i].Name, values[i]);
        return Evaluate(lambda.Lambda.Body, frame);
    }

    // ---- what functions ask for ----

    public string ReadText(FunctionCall call, int maximumBytes)
    {
        List<Finding> findings = [];
        string? text = loader.ReadText(PathOf(call), call.Where, maximumBytes, findings);
        return text ?? throw new EvaluationException(call.Where, findings[0].Rule, findings[0].Message);
    }

    public byte[] ReadBytes(FunctionCall call, int maximumBytes)
    {
        List<Finding> findings = [];
        byte[]? bytes = loader.ReadBytes(PathOf(call), call.Where, maximumBytes, findings);
        return bytes ?? throw new EvaluationException(call.Where, findings[0].Rule, findings[0].Message);
    }

    private static string PathOf(FunctionCall call)
    {
        string path = call.Text(0);
        if (path.Length == 0 || path.StartsWith('/') || path.Contains('\\')) throw new EvaluationException(call.Where, "BCP051", "Files are named relative to this one, with '/'.");
        return ProgramLoader.Beside(call.Module.File.Path, path);
    }

    public BicepValue? LocationOf(DeploymentScope scope) => Expander.LocationOf(scope);

    public BicepValue ParseJson(SourceSpan where, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            return JsonValues.From(where, document.RootElement);
        }
        catch (JsonException problem)
        {
            throw new EvaluationException(where, "BCP186", $"This is no JSON: {problem.Message}");
        }
    }
}
