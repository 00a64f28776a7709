using Dapr.Voice.Infra.Capacity;

namespace Dapr.Voice.Infra.WhatIf;

/// <summary>What a deployment would make, and what it would cost in order of magnitude.</summary>
/// <param name="Places">Regions in their order, then what they share.</param>
/// <param name="UsageDollarsPerThousandSessionHours">Egress, data processed, store and broker operations.</param>
/// <param name="Parameters">What was set beside main.parameters.json, in words for <c>azd env set</c> and its file.</param>
public sealed record WhatIfReport(
    IReadOnlyList<PlannedPlace> Places, Edge Edge, double UsageDollarsPerThousandSessionHours, IReadOnlyList<string> Parameters,
    IReadOnlyList<Finding> Findings)
{
    public double FixedDollarsPerMonth => Places.Sum(p => p.FixedDollarsPerMonth);

    /// <summary>With the registry's operations, which come whether or not anybody calls.</summary>
    public double IdleDollarsPerMonth => Places.Sum(p => p.FixedDollarsPerMonth + p.UsageDollarsPerMonth);

    public bool HasErrors => Findings.Any(f => f.Severity == Severity.Error);
}
