namespace Dapr.Voice.Infra.Pricing;

/// <summary>One line of the price table.</summary>
/// <param name="Key">A stable key such as <c>aca.vcpu-second</c>.</param>
/// <param name="What">What is paid for, in words for a reader.</param>
/// <param name="Dollars">US dollars per <paramref name="Unit"/>: the list price without a reservation or an agreement.</param>
/// <param name="Unit"><c>month</c>, <c>hour</c>, <c>GB</c>, <c>million</c> and others.</param>
public sealed record Price(string Key, string What, double Dollars, string Unit);
