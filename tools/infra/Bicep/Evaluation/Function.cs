using Dapr.Voice.Infra.Bicep.Checking;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>
/// A function of the language. <paramref name="Parameters"/> are types in order, the last one repeated when <paramref name="IsVariadic"/>;
/// the first <paramref name="Required"/> must be given. <paramref name="Evaluate"/> gets values that are known at their top; see <paramref name="SeesRuntime"/>.
/// </summary>
/// <param name="Space"><c>sys</c> or <c>az</c>.</param>
/// <param name="Result">Type of the result from the types of the arguments.</param>
/// <param name="SeesRuntime">The function handles runtime arguments itself; for others any runtime argument makes the result a runtime value.</param>
internal sealed record Function(
    string Space, string Name, IReadOnlyList<BicepType> Parameters, int Required, bool IsVariadic,
    Func<IReadOnlyList<BicepType>, BicepType> Result, Func<FunctionCall, BicepValue> Evaluate, bool SeesRuntime)
{
    /// <summary>Only in the default of a parameter: its value differs at each deployment.</summary>
    public bool OnlyInParameterDefault { get; init; }

    /// <summary>Its value is only known while the deployment runs.</summary>
    public bool IsRuntime { get; init; }

    /// <summary>Positions of arguments that must be literal.</summary>
    public IReadOnlyList<int> Literals { get; init; } = [];
}
