using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Decides which traces are kept, in the same way for every exporter. A service follows the decision of its caller. A trace that starts
/// with a call out of the process is background work, such as the renewal of a lease each second. Its metrics are sufficient, so the trace
/// is not kept. OTEL_TRACES_SAMPLER_ARG, from 0 to 1, is the share of other traces that are kept.
/// </summary>
internal sealed class CallSampler : Sampler
{
    private readonly Sampler _sampler;

    /// <exception cref="SettingsException">The share is not a number from 0 to 1.</exception>
    public CallSampler(IConfiguration configuration)
    {
        string? setting = configuration["OTEL_TRACES_SAMPLER_ARG"];
        double share = 1;
        if (!string.IsNullOrWhiteSpace(setting)
            && (!double.TryParse(setting, CultureInfo.InvariantCulture, out share) || share is < 0 or > 1))
            throw new SettingsException("Settings need a change: OTEL_TRACES_SAMPLER_ARG should be a share from 0 to 1.");
        _sampler = new ParentBasedSampler(new RootSampler(new TraceIdRatioBasedSampler(share)));
    }

    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) => _sampler.ShouldSample(samplingParameters);

    private sealed class RootSampler(Sampler others) : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
            => samplingParameters.Kind is ActivityKind.Client or ActivityKind.Producer ? new SamplingResult(SamplingDecision.Drop)
            : others.ShouldSample(samplingParameters);
    }
}
