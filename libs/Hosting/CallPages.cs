using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Hosting;

/// <summary>Writes pages of call ids (docs/decisions/0042). Any thread.</summary>
public static class CallPages
{
    /// <summary>
    /// Writes a page at a free place of the present period.
    /// </summary>
    /// <param name="probe">Where to begin, any number. Writers that begin at different places seldom meet.</param>
    /// <returns><see cref="StateWriteOutcome.Conflict"/> if the period has no free place.</returns>
    public static async Task<StateWriteResult> WriteAsync(
        IStateStore store, string region, CallPage page, DateTimeOffset now, int probe, CancellationToken cancellation)
    {
        long period = CallPage.PeriodOf(now);
        StateWriteResult written = default;
        for (int i = 0; i < CallPage.PagesOfAPeriod; i++)
        {
            int place = (int)((uint)(probe + i) % CallPage.PagesOfAPeriod);
            // The ids are random, so the value tells whose page it is, as a create needs.
            written = await store.TryCreateAsync(ComponentNames.Sessions, StateKeys.CallPage(region, period, place), page,
                ContractsJson.Default.CallPage, LongestLife(page, now), cancellation).ConfigureAwait(false);
            if (written.Outcome != StateWriteOutcome.Conflict) break;
        }
        return written;
    }

    // A store that deletes by itself may do so once the page is of no use. Nothing depends on it.
    private static TimeSpan LongestLife(CallPage page, DateTimeOffset now) => page.SweepAfter - now + TimeSpan.FromDays(7);
}
