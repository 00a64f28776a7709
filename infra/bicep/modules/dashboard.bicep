import { tagsType } from '../types.bicep'

metadata description = 'Dashboard that `azd monitor` opens: the way to the workbook, the live metrics and the logs of this region.'

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@description('Resource id of the Application Insights of this region.')
param insightsId string

@description('Resource id of the workbook.')
param workbookId string

// All versions of this type are previews.
#disable-next-line use-recent-api-versions
resource dashboard 'Microsoft.Portal/dashboards@2022-12-01-preview' = {
  name: 'dash-voice'
  location: location
  tags: union(tags, { 'hidden-title': 'Voice in ${location}' })
  properties: {
    lenses: [
      {
        order: 0
        parts: [
          {
            position: { x: 0, y: 0, colSpan: 6, rowSpan: 4 }
            metadata: {
              type: 'Extension/HubsExtension/PartType/MarkdownPart'
              inputs: []
              settings: {
                content: {
                  settings: {
                    title: 'Voice in ${location}'
                    content: join(
                      [
                        '- [Health of the fleet](#@/resource${workbookId}/workbook)'
                        '- [Live metrics](#@/resource${insightsId}/quickPulse)'
                        '- [Failures](#@/resource${insightsId}/failures)'
                        '- [Logs](#@/resource${insightsId}/logs)'
                      ],
                      '\n'
                    )
                  }
                }
              }
            }
          }
        ]
      }
    ]
  }
}
