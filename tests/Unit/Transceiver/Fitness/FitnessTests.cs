using Dapr.Voice.Dtls;
using Dapr.Voice.Opus;
using Dapr.Voice.Transceiver.Fitness;
using Dapr.Voice.Wire;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Fitness;

public sealed class FitnessTests
{
    private static readonly Instant Origin = Instant.FromMilliseconds(1_000_000);

    private string? _fails;
    private int _tests;

    private FitnessWatch Watch() => new(() =>
    {
        _tests++;
        return _fails;
    }, NullLogger.Instance);

    private static Instant At(double seconds) => Origin + TimeSpan.FromSeconds(seconds);

    [Fact]
    public void SelfTest_WithACertificateAndACodec_IsPassed()
    {
        using var certificate = DtlsCertificate.Generate();
        Assert.Null(SessionSelfTest.Run(certificate, OpusCodec.Best));
        Assert.Null(SessionSelfTest.Run(certificate, OpusCodec.Concentus));
    }

    [Fact]
    public void SelfTest_WithACertificateThatIsGone_SaysSo()
    {
        var certificate = DtlsCertificate.Generate();
        certificate.Dispose();
        Assert.NotNull(SessionSelfTest.Run(certificate, OpusCodec.Best));
    }

    [Fact]
    public async Task Start_BeforeTheTest_IsNotFit()
    {
        FitnessWatch watch = Watch();
        Assert.False(watch.IsFit || watch.HasPassed);
        Assert.NotNull(watch.Problem);
        await watch.StepAsync(0, Origin);
        Assert.True(watch.IsFit && watch.HasPassed);
        Assert.Null(watch.Problem);
    }

    [Fact]
    public async Task Start_TestFails_IsNotFitAndTriesAgainLater()
    {
        _fails = "OpenSSL is broken";
        FitnessWatch watch = Watch();
        for (int second = 0; second < 10; second++) await watch.StepAsync(0, At(second));
        Assert.Equal(1, _tests);
        Assert.False(watch.IsFit || watch.HasPassed);
        Assert.Contains(_fails, watch.Problem, StringComparison.Ordinal);
        _fails = null;
        await watch.StepAsync(0, At(10));
        Assert.True(watch.IsFit && watch.HasPassed);
    }

    [Fact]
    public async Task Faults_FiveInTenSeconds_StopTheAdmissionUntilTheTestIsPassed()
    {
        FitnessWatch watch = Watch();
        await watch.StepAsync(0, Origin);
        for (int second = 1; second <= 4; second++) await watch.StepAsync(second, At(second));
        Assert.True(watch.IsFit);
        await watch.StepAsync(5, At(5));
        Assert.False(watch.IsFit);
        Assert.True(watch.HasPassed);
        Assert.StartsWith("failing", watch.Problem, StringComparison.Ordinal);
        await watch.StepAsync(5, At(14.9));
        Assert.Equal((1, false), (_tests, watch.IsFit));
        await watch.StepAsync(5, At(15));
        Assert.Equal((2, true), (_tests, watch.IsFit));
    }

    [Fact]
    public async Task Faults_SpreadOverAMinute_ChangeNothing()
    {
        FitnessWatch watch = Watch();
        for (int second = 0; second < 60; second++) await watch.StepAsync(second / 4, At(second));
        Assert.True(watch.IsFit);
    }

    [Fact]
    public async Task Faults_AgainAfterEachTest_StopForLongerUpToAMinute()
    {
        FitnessWatch watch = Watch();
        long faults = 0;
        var stops = new List<double>();
        double stoppedAt = -1;
        for (int second = 0; second < 600; second++)
        {
            bool wasFit = watch.IsFit;
            await watch.StepAsync(watch.IsFit ? faults += 5 : faults, At(second));
            if (wasFit && !watch.IsFit) stoppedAt = second;
            if (!wasFit && watch.IsFit && stoppedAt >= 0) stops.Add(second - stoppedAt);
        }
        Assert.Equal([10, 20, 40, 60, 60], stops.Take(5));
    }
}
