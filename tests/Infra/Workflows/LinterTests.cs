using System.Text.RegularExpressions;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Infra.Workflows;

/// <summary>shellcheck over every shell script of the repository, and actionlint over every workflow.</summary>
public sealed partial class LinterTests : IDisposable
{
    private static readonly string[] SkippedFolders = ["bin", "obj", "node_modules", ".git", ".voice", "Broken"];

    private readonly string _folder = Directory.CreateTempSubdirectory("voice-linters-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [ShellCheckFact]
    public async Task EveryShellScript_ByShellCheck_IsClean()
    {
        string[] scripts = [.. ScriptsIn(new DirectoryInfo(Checkout.Root)).Order(StringComparer.Ordinal)];
        foreach (string known in new[] { "voice", ".ci/run", "tests/Infra/Hooks/fake-az.sh" }) Assert.Contains(Checkout.File(known),
            scripts);
        (int exitCode, string findings) = await Linters.RunShellCheckAsync(scripts);
        Assert.True(exitCode == 0, findings);
    }

    [ShellCheckFact]
    public async Task EveryScriptInAWorkflow_ByShellCheck_IsClean()
    {
        var files = new List<string>();
        foreach (string workflow in Directory.EnumerateFiles(Checkout.File(".github", "workflows"), "*.yml"))
        {
            foreach (YamlMappingNode step in StepsOf(workflow))
            {
                string shell = step.Children.TryGetValue("shell", out YamlNode? named) ? ((YamlScalarNode)named).Value! : "bash";
                if (shell is not ("bash" or "sh") || !step.Children.TryGetValue("run", out YamlNode? run)) continue;
                // An expression is replaced before a shell sees it; a word stands for its value.
                string script = Expression().Replace(((YamlScalarNode)run).Value!, "value");
                string file = Path.Combine(_folder, $"{Path.GetFileNameWithoutExtension(workflow)}-line-{step.Start.Line}.sh");
                await File.WriteAllTextAsync(file, $"#!/bin/{shell}\n{script}\n");
                files.Add(file);
            }
        }
        Assert.True(files.Count > 10, $"{files.Count} scripts were found");
        (int exitCode, string findings) = await Linters.RunShellCheckAsync([.. files]);
        Assert.True(exitCode == 0, findings);
    }

    [ActionlintFact]
    public async Task EveryWorkflow_ByActionlint_IsClean()
    {
        (int exitCode, string findings) = await Linters.RunActionlintAsync(Checkout.Root);
        Assert.True(exitCode == 0, findings);
        int workflows = Directory.EnumerateFiles(Checkout.File(".github", "workflows"), "*.yml").Count();
        Assert.Contains($"Checking {workflows} workflow file(s)", findings, StringComparison.Ordinal);
    }

    [ActionlintFact]
    public async Task BrokenWorkflow_ByActionlint_IsNamedWithItsLine()
    {
        string workflows = Directory.CreateDirectory(Path.Combine(_folder, ".github", "workflows")).FullName;
        await File.WriteAllTextAsync(Path.Combine(workflows, "broken.yml"), """
            name: broken
            on: push
            jobs:
              one:
                runs-on: ubuntu-24.04
                needs: two
                steps:
                  - run: echo ${{ matrx.os }}
            """);
        (int exitCode, string findings) = await Linters.RunActionlintAsync(_folder);
        Assert.Equal(1, exitCode);
        Assert.Contains("broken.yml:8:", findings, StringComparison.Ordinal);
        Assert.Contains("undefined variable \"matrx\"", findings, StringComparison.Ordinal);
        Assert.Contains("needs job \"two\"", findings, StringComparison.Ordinal);
    }

    private static IEnumerable<string> ScriptsIn(DirectoryInfo folder)
    {
        foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos()
            .Where(e => !SkippedFolders.Contains(e.Name) && e.LinkTarget is null))
        {
            if (entry is DirectoryInfo below)
            {
                foreach (string script in ScriptsIn(below)) yield return script;
            }
            else if (entry.Extension == ".sh" || (entry.Extension.Length == 0 && IsShellScript(entry.FullName)))
            {
                yield return entry.FullName;
            }
        }
    }

    private static bool IsShellScript(string file)
    {
        using var reader = new StreamReader(file);
        return ShellLine().IsMatch(reader.ReadLine() ?? "");
    }

    private static IEnumerable<YamlMappingNode> StepsOf(string workflow)
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(workflow);
        yaml.Load(reader);
        return ((YamlMappingNode)yaml.Documents[0].RootNode["jobs"]).SelectMany(job
            => ((YamlSequenceNode)job.Value["steps"]).Cast<YamlMappingNode>());
    }

    [GeneratedRegex(@"\$\{\{.*?\}\}")]
    private static partial Regex Expression();

    [GeneratedRegex(@"^#!\S*(/|\s)(ba|da)?sh\b|^#!/usr/bin/env (ba|da)?sh\b")]
    private static partial Regex ShellLine();
}
