using Dapr.Voice.Infra.Capacity;

namespace Dapr.Voice.Infra.WhatIf;

/// <summary>What a deployment would create, and the order of magnitude of its cost.</summary>
/// <param name="Places">The regions in their order, and then what they share.</param>
/// <param name="UsageDollarsPerThousandSessionHours">Egress, processed data, and operations of the store and the broker.</param>
/// <param name="Parameters">What was set in addition to main.parameters.json, in words for <c>azd env set</c> and its file.</param>
public sealed record WhatIfReport(
    IReadOnlyList<PlannedPlace> Places, Edge Edge, double UsageDollarsPerThousandSessionHours, IReadOnlyList<string> Parameters,
    IReadOnlyList<Finding> Findings)
{
    public double FixedDollarsPerMonth => Places.Sum(p => p.FixedDollarsPerMonth);

    /// <summary>This includes the registry's operations, which happen whether or not anybody calls.</summary>
    public double IdleDollarsPerMonth => Places.Sum(p => p.FixedDollarsPerMonth + p.UsageDollarsPerMonth);

    public bool HasErrors => Findings.Any(f => f.Severity == Severity.Error);
}
