namespace Dapr.Voice.Infra.Pricing;

/// <summary>One line of the price table.</summary>
/// <param name="Key">Stable: <c>aca.vcpu-second</c>.</param>
/// <param name="What">What is paid for, in words for a reader.</param>
/// <param name="Dollars">US dollars per <paramref name="Unit"/>, list price, no reservation, no agreement.</param>
/// <param name="Unit"><c>month</c>, <c>hour</c>, <c>GB</c>, <c>million</c>…</param>
public sealed record Price(string Key, string What, double Dollars, string Unit);
