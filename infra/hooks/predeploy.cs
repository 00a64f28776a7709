#:project ../../tools/hooks/Dapr.Voice.Hooks.csproj
// Before 'azd deploy': stops a deployment that would fail after the builds, and says what to run instead. azd runs this file with
// 'dotnet run'; README.md says what it does.
return await Dapr.Voice.Hooks.HookProgram.RunAsync("predeploy");
