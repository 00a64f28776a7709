using System.Diagnostics;
using System.Text.Json;
using Dapr.Voice.TestKit.Documents;
using Dapr.Voice.Tests.Integration.DaprContract;
using Dapr.Voice.Tests.Integration.WholeSystem;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Documents;

/// <summary>
/// Runs the commands that README and docs tell a reader to type, in a folder that looks like a clone and in a network of its own, and
/// compares the output with the page. The unit tests check the form of the steps that need a cloud.
/// </summary>
[Collection(DocumentCollection.Name)]
public sealed class DocumentStepsTests(ITestOutputHelper output)
{
    private static readonly string[] Skipped = ["tests", "web"];

    /// <summary>All pages with steps that run.</summary>
    public static TheoryData<string> Pages() => [.. Checkout.Pages()
        .Select(file => Path.GetRelativePath(Checkout.Root, file))
        .Where(page => !page.Split('/').Any(folder => Skipped.Contains(folder, StringComparer.Ordinal)))
        .Where(page => DocumentBlock.Read(File.ReadAllText(Path.Combine(Checkout.Root, page)))
        .Any(block => block.Step?.Kind is StepKind.Run or StepKind.RunUntil))
        .Order(StringComparer.Ordinal)];

    [RootTheory]
    [MemberData(nameof(Pages))]
    public async Task Page_StepsInOrder_DoWhatThePageSays(string page)
    {
        await using var voice = new VoiceSystem();
        Assert.True(voice.HasOwnNetwork, "no network namespace, although root");
        MakePlace(voice.Home);
        var printed = new Dictionary<string, string>(StringComparer.Ordinal);
        var background = new List<RunningCommand>();
        try
        {
            foreach (DocumentBlock block in DocumentBlock.Read(File.ReadAllText(Path.Combine(Checkout.Root, page)))
                .Where(block => block.Step is not null))
            {
                DocumentStep step = block.Step!;
                if (block.Given is { } given) File.WriteAllText(Path.Combine(voice.Home, given.File), Given(given.File, given.What));
                switch (step.Kind)
                {
                    case StepKind.Run:
                        using (RunningCommand command = Start(voice, block.Text))
                            printed[step.Name] = (await command.EndAsync()).Succeeded().Output;
                        output.WriteLine($"{page}:{block.Line} {step.Name}\n{printed[step.Name]}");
                        break;
                    case StepKind.RunUntil:
                        background.Add(Start(voice, block.Text));
                        // A start takes half a minute when the machine does other work.
                        await Wait.UntilAsync(
                            () => background[^1].OutputSoFar.Contains(step.Until!, StringComparison.Ordinal)
                            || background[^1].ErrorSoFar.Contains(step.Until!, StringComparison.Ordinal),
                            $"{page}:{block.Line} {step.Name} says {step.Until}",
                            TimeSpan.FromMinutes(2));
                        printed[step.Name] = background[^1].OutputSoFar;
                        break;
                    case StepKind.Prints:
                        string? difference = ExpectedOutput.Difference(block.Text, printed[step.Name]);
                        Assert.True(difference is null,
                            $"{page}:{block.Line}: '{step.Name}' prints something else\n{difference}\n\n{printed[step.Name]}");
                        break;
                }
            }
        }
        finally
        {
            foreach (RunningCommand command in background) command.Dispose();
        }
    }

    /// <summary>Makes what a reader has after cloning and building: <c>./voice</c>, samples and components.</summary>
    private static void MakePlace(string folder)
    {
        foreach (string name in new[] { "samples", "components", "infra", "docs" })
            File.CreateSymbolicLink(Path.Combine(folder, name), Path.Combine(Checkout.Root, name));
        string script = Path.Combine(folder, "voice");
        // The clone's own script builds what is stale. A test uses what is already built.
        File.WriteAllText(
            script, $"#!/bin/sh\nVOICE_ROOT={Checkout.Root} VOICE_HOME={folder} exec {Checkout.Dotnet} {Checkout.Cli} \"$@\"\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Runs a block in a shell that has the variables that earlier blocks exported.</summary>
    private static RunningCommand Start(VoiceSystem voice, string block)
    {
        string script = $"set -euo pipefail\n[ ! -f .steps ] || . ./.steps\n{block}\nexport -p > .steps\n";
        return new RunningCommand(
            new ProcessStartInfo("/usr/bin/nsenter", ["--net=" + voice.Network!.FilePath, "/bin/bash", "-c", script]) { WorkingDirectory =
            voice.Home }, block);
    }

    private static string Given(string file, string what)
    {
        Assert.Equal("an offer", what);
        return file.EndsWith(".json", StringComparison.Ordinal) ? JsonSerializer.Serialize(new { offerSdp = Offers.Create() })
            : Offers.Create();
    }
}

/// <summary>Whole systems run one after the other, and after everything else, because they need the machine's cores.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class DocumentCollection
{
    public const string Name = "documents";
}
