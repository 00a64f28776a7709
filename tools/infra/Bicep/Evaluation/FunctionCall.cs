using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>Arguments of one call as its function sees them, with what it may ask of the evaluator.</summary>
internal sealed class FunctionCall(Evaluator evaluator, Frame frame, Expression.Call call, IReadOnlyList<BicepValue> arguments)
{
    public Evaluator Evaluator => evaluator;

    public Frame Frame => frame;

    public ModuleInstance Module => frame.Module;

    public SourceSpan Where => call.Where;

    public IReadOnlyList<BicepValue> Arguments => arguments;

    public int Count => arguments.Count;

    public BicepValue this[int index] => arguments[index];

    /// <summary>The argument as text; ends the call with a finding when it is none.</summary>
    public string Text(int index) => arguments[index] switch
    {
        BicepString text => text.Value,
        var other => throw Wrong(index, "a string", other),
    };

    public long Number(int index) => arguments[index] is BicepInteger number ? number.Value : throw Wrong(index, "an integer", arguments[index]);

    public IReadOnlyList<BicepValue> Items(int index) => arguments[index] is BicepArray array ? array.Items : throw Wrong(index, "an array", arguments[index]);

    public BicepObject Object(int index) => arguments[index] as BicepObject ?? throw Wrong(index, "an object", arguments[index]);

    public SymbolValue.OfLambda Lambda(int index) => arguments[index] as SymbolValue.OfLambda ?? throw Wrong(index, "a lambda", arguments[index]);

    public BicepValue Invoke(SymbolValue.OfLambda lambda, params ReadOnlySpan<BicepValue> values) => evaluator.Invoke(lambda, values);

    public BicepString String(string value) => new(call.Where, value);

    public BicepInteger Integer(long value) => new(call.Where, value);

    public BicepBoolean Boolean(bool value) => new(call.Where, value);

    public BicepArray Array(IReadOnlyList<BicepValue> items) => new(call.Where, items);

    public BicepObject Object(IReadOnlyList<BicepProperty> properties) => new(call.Where, properties);

    public BicepNull Null() => new(call.Where);

    /// <summary>The call as a runtime value, made from its arguments.</summary>
    public BicepRuntime Runtime(BicepTypeHint hint = BicepTypeHint.Any) => evaluator.Combine(call.Where, hint, $"{call.Function}({string.Join(", ", arguments.Select(Evaluator.TextOf))})", arguments);

    public Evaluator.EvaluationException Fail(string rule, string message) => new(call.Where, rule, message);

    private Evaluator.EvaluationException Wrong(int index, string wanted, BicepValue got)
        => new(call.Where, "BCP070", $"Argument {index + 1} of {call.Function}() must be {wanted}, not {Evaluator.Describe(got)}.");
}
